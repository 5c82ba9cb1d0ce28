// Both Reflection.Emit and Iced have labels; here they are always those of IL.
global using Label = System.Reflection.Emit.Label;
