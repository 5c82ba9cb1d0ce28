using System.CommandLine;
using Emu.Frontend.Testing;

var root = new RootCommand("An x86-64 PC emulator") { TestCommand.Create() };
return root.Parse(args).Invoke();
