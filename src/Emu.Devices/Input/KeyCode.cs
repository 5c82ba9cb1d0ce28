namespace Emu.Devices.Input;

/// <summary>A key by its place on the keyboard, named as the monitor's <c>sendkey</c> and QEMU's key codes name it.</summary>
public enum KeyCode : byte
{
    /// <summary>No key.</summary>
    None,

    /// <summary><c>shift</c></summary>
    Shift,

    /// <summary><c>shift_r</c></summary>
    ShiftR,

    /// <summary><c>alt</c></summary>
    Alt,

    /// <summary><c>alt_r</c></summary>
    AltR,

    /// <summary><c>ctrl</c></summary>
    Ctrl,

    /// <summary><c>ctrl_r</c></summary>
    CtrlR,

    /// <summary><c>menu</c></summary>
    Menu,

    /// <summary><c>esc</c></summary>
    Esc,

    /// <summary><c>1</c></summary>
    Digit1,

    /// <summary><c>2</c></summary>
    Digit2,

    /// <summary><c>3</c></summary>
    Digit3,

    /// <summary><c>4</c></summary>
    Digit4,

    /// <summary><c>5</c></summary>
    Digit5,

    /// <summary><c>6</c></summary>
    Digit6,

    /// <summary><c>7</c></summary>
    Digit7,

    /// <summary><c>8</c></summary>
    Digit8,

    /// <summary><c>9</c></summary>
    Digit9,

    /// <summary><c>0</c></summary>
    Digit0,

    /// <summary><c>minus</c></summary>
    Minus,

    /// <summary><c>equal</c></summary>
    Equal,

    /// <summary><c>backspace</c></summary>
    Backspace,

    /// <summary><c>tab</c></summary>
    Tab,

    /// <summary><c>q</c></summary>
    Q,

    /// <summary><c>w</c></summary>
    W,

    /// <summary><c>e</c></summary>
    E,

    /// <summary><c>r</c></summary>
    R,

    /// <summary><c>t</c></summary>
    T,

    /// <summary><c>y</c></summary>
    Y,

    /// <summary><c>u</c></summary>
    U,

    /// <summary><c>i</c></summary>
    I,

    /// <summary><c>o</c></summary>
    O,

    /// <summary><c>p</c></summary>
    P,

    /// <summary><c>bracket_left</c></summary>
    BracketLeft,

    /// <summary><c>bracket_right</c></summary>
    BracketRight,

    /// <summary><c>ret</c></summary>
    Ret,

    /// <summary><c>a</c></summary>
    A,

    /// <summary><c>s</c></summary>
    S,

    /// <summary><c>d</c></summary>
    D,

    /// <summary><c>f</c></summary>
    F,

    /// <summary><c>g</c></summary>
    G,

    /// <summary><c>h</c></summary>
    H,

    /// <summary><c>j</c></summary>
    J,

    /// <summary><c>k</c></summary>
    K,

    /// <summary><c>l</c></summary>
    L,

    /// <summary><c>semicolon</c></summary>
    Semicolon,

    /// <summary><c>apostrophe</c></summary>
    Apostrophe,

    /// <summary><c>grave_accent</c></summary>
    GraveAccent,

    /// <summary><c>backslash</c></summary>
    Backslash,

    /// <summary><c>z</c></summary>
    Z,

    /// <summary><c>x</c></summary>
    X,

    /// <summary><c>c</c></summary>
    C,

    /// <summary><c>v</c></summary>
    V,

    /// <summary><c>b</c></summary>
    B,

    /// <summary><c>n</c></summary>
    N,

    /// <summary><c>m</c></summary>
    M,

    /// <summary><c>comma</c></summary>
    Comma,

    /// <summary><c>dot</c></summary>
    Dot,

    /// <summary><c>slash</c></summary>
    Slash,

    /// <summary><c>asterisk</c></summary>
    Asterisk,

    /// <summary><c>spc</c></summary>
    Space,

    /// <summary><c>caps_lock</c></summary>
    CapsLock,

    /// <summary><c>f1</c></summary>
    F1,

    /// <summary><c>f2</c></summary>
    F2,

    /// <summary><c>f3</c></summary>
    F3,

    /// <summary><c>f4</c></summary>
    F4,

    /// <summary><c>f5</c></summary>
    F5,

    /// <summary><c>f6</c></summary>
    F6,

    /// <summary><c>f7</c></summary>
    F7,

    /// <summary><c>f8</c></summary>
    F8,

    /// <summary><c>f9</c></summary>
    F9,

    /// <summary><c>f10</c></summary>
    F10,

    /// <summary><c>f11</c></summary>
    F11,

    /// <summary><c>f12</c></summary>
    F12,

    /// <summary><c>num_lock</c></summary>
    NumLock,

    /// <summary><c>scroll_lock</c></summary>
    ScrollLock,

    /// <summary><c>kp_divide</c></summary>
    KpDivide,

    /// <summary><c>kp_multiply</c></summary>
    KpMultiply,

    /// <summary><c>kp_subtract</c></summary>
    KpSubtract,

    /// <summary><c>kp_add</c></summary>
    KpAdd,

    /// <summary><c>kp_enter</c></summary>
    KpEnter,

    /// <summary><c>kp_decimal</c></summary>
    KpDecimal,

    /// <summary><c>kp_0</c></summary>
    Kp0,

    /// <summary><c>kp_1</c></summary>
    Kp1,

    /// <summary><c>kp_2</c></summary>
    Kp2,

    /// <summary><c>kp_3</c></summary>
    Kp3,

    /// <summary><c>kp_4</c></summary>
    Kp4,

    /// <summary><c>kp_5</c></summary>
    Kp5,

    /// <summary><c>kp_6</c></summary>
    Kp6,

    /// <summary><c>kp_7</c></summary>
    Kp7,

    /// <summary><c>kp_8</c></summary>
    Kp8,

    /// <summary><c>kp_9</c></summary>
    Kp9,

    /// <summary><c>less</c></summary>
    Less,

    /// <summary><c>sysrq</c></summary>
    SysRq,

    /// <summary><c>print</c></summary>
    Print,

    /// <summary><c>pause</c></summary>
    Pause,

    /// <summary><c>home</c></summary>
    Home,

    /// <summary><c>pgup</c></summary>
    PageUp,

    /// <summary><c>pgdn</c></summary>
    PageDown,

    /// <summary><c>end</c></summary>
    End,

    /// <summary><c>left</c></summary>
    Left,

    /// <summary><c>up</c></summary>
    Up,

    /// <summary><c>down</c></summary>
    Down,

    /// <summary><c>right</c></summary>
    Right,

    /// <summary><c>insert</c></summary>
    Insert,

    /// <summary><c>delete</c></summary>
    Delete,

    /// <summary><c>meta_l</c></summary>
    MetaL,

    /// <summary><c>meta_r</c></summary>
    MetaR,

    /// <summary><c>compose</c></summary>
    Compose,

    /// <summary><c>kp_comma</c></summary>
    KpComma,

    /// <summary><c>kp_equals</c></summary>
    KpEquals,

    /// <summary><c>ro</c></summary>
    Ro,

    /// <summary><c>katakanahiragana</c></summary>
    KatakanaHiragana,

    /// <summary><c>yen</c></summary>
    Yen,

    /// <summary><c>henkan</c></summary>
    Henkan,

    /// <summary><c>muhenkan</c></summary>
    Muhenkan,

    /// <summary><c>lang1</c></summary>
    Lang1,

    /// <summary><c>lang2</c></summary>
    Lang2,

    /// <summary><c>f13</c></summary>
    F13,

    /// <summary><c>f14</c></summary>
    F14,

    /// <summary><c>f15</c></summary>
    F15,

    /// <summary><c>f16</c></summary>
    F16,

    /// <summary><c>f17</c></summary>
    F17,

    /// <summary><c>f18</c></summary>
    F18,

    /// <summary><c>f19</c></summary>
    F19,

    /// <summary><c>f20</c></summary>
    F20,

    /// <summary><c>f21</c></summary>
    F21,

    /// <summary><c>f22</c></summary>
    F22,

    /// <summary><c>f23</c></summary>
    F23,

    /// <summary><c>f24</c></summary>
    F24,

    /// <summary><c>power</c></summary>
    Power,

    /// <summary><c>sleep</c></summary>
    Sleep,

    /// <summary><c>wake</c></summary>
    Wake,

    /// <summary><c>audionext</c></summary>
    AudioNext,

    /// <summary><c>audioprev</c></summary>
    AudioPrevious,

    /// <summary><c>audiostop</c></summary>
    AudioStop,

    /// <summary><c>audioplay</c></summary>
    AudioPlay,

    /// <summary><c>audiomute</c></summary>
    AudioMute,

    /// <summary><c>volumeup</c></summary>
    VolumeUp,

    /// <summary><c>volumedown</c></summary>
    VolumeDown,

    /// <summary><c>mediaselect</c></summary>
    MediaSelect,

    /// <summary><c>mail</c></summary>
    Mail,

    /// <summary><c>calculator</c></summary>
    Calculator,

    /// <summary><c>computer</c></summary>
    Computer,

    /// <summary><c>ac_search</c></summary>
    BrowserSearch,

    /// <summary><c>ac_home</c></summary>
    BrowserHome,

    /// <summary><c>ac_back</c></summary>
    BrowserBack,

    /// <summary><c>ac_forward</c></summary>
    BrowserForward,

    /// <summary><c>ac_stop</c></summary>
    BrowserStop,

    /// <summary><c>ac_refresh</c></summary>
    BrowserRefresh,

    /// <summary><c>ac_bookmarks</c></summary>
    BrowserBookmarks,
}
