using System.Text.Json;
using System.Text.Json.Serialization;

namespace Emu.Conformance.States;

/// <summary>A state-in, state-out test as its JSON file has it; docs/state-tests.md describes the format.</summary>
public sealed record StateTest
{
    private const string RealModeAddress = "0x1000", DefaultAddress = "0x10000";

    /// <summary>Name for the report.</summary>
    public string Name { get; set; } = "";

    /// <summary>16 (real mode), 32 or 64.</summary>
    public long Mode { get; set; } = 64;

    /// <summary>Privilege level in 32- and 64-bit mode: 3, or 0.</summary>
    public long Cpl { get; set; } = 3;

    /// <summary>The code, as hexadecimal bytes.</summary>
    public string Code { get; set; } = "";

    /// <summary>Address of the code, and the initial RIP.</summary>
    public string Address
    {
        get => field ?? (Mode == 16 ? RealModeAddress : DefaultAddress);
        set;
    }

    /// <summary>Memory regions.</summary>
    public IReadOnlyList<StateMemory> Memory { get; set; } = [];

    /// <summary>Initial registers.</summary>
    public IReadOnlyDictionary<string, string> Registers { get; set; } = new Dictionary<string, string>();

    /// <summary>What must be true in the end.</summary>
    public StateExpectation Expect { get; set; } = new();

    /// <summary>The test fails when it has not reached its end after so many instructions.</summary>
    public long MaxInstructions { get; set; } = 1_000_000;

    /// <summary>Members the format does not have.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A region of memory, or expected contents.</summary>
public sealed record StateMemory
{
    /// <summary>First byte.</summary>
    public string Address { get; set; } = "";

    /// <summary>Bytes; by default the length of <see cref="Data"/>.</summary>
    public long? Size { get; set; }

    /// <summary>Any of r, w, x.</summary>
    public string Access { get; set; } = "rw";

    /// <summary>Contents as hexadecimal bytes; zeros follow.</summary>
    public string Data { get; set; } = "";

    /// <summary>Members the format does not have.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The expected end.</summary>
public sealed record StateExpectation
{
    /// <summary>Registers; those not named are not compared.</summary>
    public IReadOnlyDictionary<string, string> Registers { get; set; } = new Dictionary<string, string>();

    /// <summary>Which bits of <c>rflags</c> are compared; by default all.</summary>
    public string FlagsMask { get; set; } = "0xFFFFFFFF";

    /// <summary>Contents of memory.</summary>
    public IReadOnlyList<StateMemory> Memory { get; set; } = [];

    /// <summary>Vector of the exception that ends the test instead of HLT.</summary>
    public long? Exception { get; set; }

    /// <summary>Its error code, when it matters.</summary>
    public string? ErrorCode { get; set; }

    /// <summary>Members the format does not have.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
