using Spectre.Console;

namespace Emu.Frontend.Testing;

/// <summary>A progress bar, where there is a terminal to show it.</summary>
internal static class ProgressBar
{
    /// <summary>Runs <paramref name="work"/> and shows what it reports: how much of how much, and a few words.</summary>
    public static T Run<T>(string title, Func<Action<double, double, string>?, T> work)
    {
        if (Console.IsOutputRedirected) return work(null);
        return AnsiConsole.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask(title);
            return work((done, total, text) =>
            {
                lock (task)
                {
                    task.MaxValue = Math.Max(1, total);
                    task.Value = done;
                    task.Description = Markup.Escape(text);
                }
            });
        });
    }
}
