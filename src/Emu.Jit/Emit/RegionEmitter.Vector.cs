using Iced.Intel;

namespace Emu.Jit.Emit;

// Vector registers in IL locals.
internal sealed unsafe partial class RegionEmitter
{
    private void UseVector(Register register)
    {
    }

    private void EmitVectorPrologue()
    {
    }

    private void EmitVectorResume()
    {
    }

    private void EmitStoreVectors()
    {
    }

    private void EmitLoadVectors()
    {
    }
}
