using Emu.Frontend;

return Guarded.Run(args);
