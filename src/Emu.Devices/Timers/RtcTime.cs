namespace Emu.Devices.Timers;

/// <summary>
/// The ten time and alarm bytes in the formats of register B (MC146818 data sheet, "Time, Calendar and Alarm Locations"), and proleptic
/// Gregorian arithmetic that accepts any byte a guest may have stored.
/// </summary>
internal static class RtcTime
{
    public const long SecondsPerDay = 86_400;
    private const byte AfternoonBit = 0x80;

    public static byte Encode(int value, bool binary) => (byte)(binary ? value : value / 10 << 4 | value % 10);

    public static int Decode(byte value, bool binary) => binary ? value : (value >> 4) * 10 + (value & 0xF);

    public static byte EncodeHour(int hour, bool binary, bool hours24)
    {
        if (hours24)
            return Encode(hour, binary);
        int twelve = hour % 12 == 0 ? 12 : hour % 12;
        return (byte)(Encode(twelve, binary) | (hour >= 12 ? AfternoonBit : 0));
    }

    public static int DecodeHour(byte value, bool binary, bool hours24)
    {
        if (hours24)
            return Decode(value, binary);
        int hour = Decode((byte)(value & ~AfternoonBit), binary) % 12;
        return (value & AfternoonBit) != 0 ? hour + 12 : hour;
    }

    /// <summary>Days since 1970-01-01; month and day may be out of range and carry over.</summary>
    public static long DaysFromCivil(int year, int month, int day)
    {
        int m = month - 1;
        long y = year + Math.DivRem(m, 12, out m);
        if (m < 0)
        {
            m += 12;
            y--;
        }
        // Years counted from March, so that the leap day ends them.
        int fromMarch = (m + 10) % 12;
        if (m < 2)
            y--;
        long era = (y >= 0 ? y : y - 399) / 400;
        long yearOfEra = y - era * 400;
        long dayOfYear = (153 * fromMarch + 2) / 5 + day - 1;
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    }

    public static (int Year, int Month, int Day) CivilFromDays(long days)
    {
        days += 719_468;
        long era = (days >= 0 ? days : days - 146_096) / 146_097;
        long dayOfEra = days - era * 146_097;
        long yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int fromMarch = (int)((5 * dayOfYear + 2) / 153);
        int day = (int)(dayOfYear - (153 * fromMarch + 2) / 5 + 1);
        int month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
        return ((int)(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), month, day);
    }

    /// <summary>1 Sunday ... 7 Saturday.</summary>
    public static int DayOfWeek(long days) => (int)(((days + 4) % 7 + 7) % 7) + 1;
}
