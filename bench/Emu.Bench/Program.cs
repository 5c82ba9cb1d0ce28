using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

if (args is ["display"])
{
    Emu.Bench.DisplayCost.Run();
    return 0;
}

if (args is ["stepper", .. string[] rest])
{
    return Emu.Bench.StepperFigures.Measure(rest.FirstOrDefault()) ? 0 : 1;
}

// In this process: the benchmarks keep gigabytes of guest memory mapped, and build no project of their own.
IConfig config = DefaultConfig.Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(6));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return 0;
