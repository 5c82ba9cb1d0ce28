using Emu.Display.Sdl;

namespace Emu.Display.Tests.Window;

public sealed class PictureLayoutTests
{
    [Theory]
    [InlineData(720, 400, 720, 400, 0, 0, 720, 400)]
    [InlineData(1500, 900, 720, 400, 30, 50, 1440, 800)]
    [InlineData(1439, 900, 720, 400, 359, 250, 720, 400)]
    public void Whole_multiples_are_centred_and_sharp(int windowWidth, int windowHeight, int width, int height, int x, int y, int fittedWidth, int fittedHeight) =>
        Assert.Equal(new PictureLayout(x, y, fittedWidth, fittedHeight, IsSmooth: false), PictureLayout.Fit(windowWidth, windowHeight, width, height, PictureScaling.Integer));

    [Fact]
    public void A_window_smaller_than_the_picture_shows_all_of_it_smoothly() =>
        Assert.Equal(new PictureLayout(0, 22, 360, 200, IsSmooth: true), PictureLayout.Fit(360, 244, 720, 400, PictureScaling.Integer));

    [Fact]
    public void Smooth_scaling_fills_one_direction_and_keeps_the_proportions() =>
        Assert.Equal(new PictureLayout(0, 50, 1080, 600, IsSmooth: true), PictureLayout.Fit(1080, 700, 720, 400, PictureScaling.Smooth));

    [Fact]
    public void Smooth_scaling_by_a_whole_number_stays_sharp() =>
        Assert.False(PictureLayout.Fit(1440, 800, 720, 400, PictureScaling.Smooth).IsSmooth);

    [Fact]
    public void Places_reach_both_edges_and_never_leave_the_picture()
    {
        PictureLayout layout = PictureLayout.Fit(1500, 900, 720, 400, PictureScaling.Integer);
        Assert.Equal((0, 0), layout.ToPicture(30, 50));
        Assert.Equal((1, 1), layout.ToPicture(30 + 1439, 50 + 799));
        Assert.Equal((0, 1), layout.ToPicture(-5, 10_000));
    }
}
