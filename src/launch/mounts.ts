/** The policy's mount operations in the plan's terms. */
import { MOUNT_VALUES, type PlanMount } from '../../generated/plan-layout.js';
import type { MountFlags, MountOperation } from '../policy/compiled.js';

const NOTHING = { flags: 0, mode: 0, maxFiles: 0, size: 0n, source: '' } as const;

export const planMounts = (operations: readonly MountOperation[]): readonly PlanMount[] => operations.map(planMount);

function planMount(operation: MountOperation): PlanMount {
  switch (operation.kind) {
    case 'tmpfs':
      return {
        ...NOTHING,
        kind: MOUNT_VALUES.tmpfs,
        flags: flagBits(operation.flags),
        mode: operation.mode,
        maxFiles: operation.maxFiles,
        size: operation.sizeBytes,
        target: operation.target,
      };
    case 'bind': {
      const readOnly = operation.access === 'read-only' ? MOUNT_VALUES.flagReadOnly : 0;
      const { source, target } = operation;
      return { ...NOTHING, kind: MOUNT_VALUES.bind, flags: flagBits(operation.flags) | readOnly, source, target };
    }
    case 'proc': {
      const flags = operation.subsetPid ? MOUNT_VALUES.flagSubsetPid : 0;
      return { ...NOTHING, kind: MOUNT_VALUES.proc, flags, target: '/proc' };
    }
    case 'dev':
      return { ...NOTHING, kind: MOUNT_VALUES.dev, size: operation.shmSizeBytes, target: '/dev' };
    case 'mask':
      return { ...NOTHING, kind: MOUNT_VALUES.mask, target: operation.target };
    case 'read-only':
      return { ...NOTHING, kind: MOUNT_VALUES.readOnly, target: operation.target };
  }
}

const flagBits = ({ noexec, nosuid, nodev }: MountFlags): number =>
  (noexec ? MOUNT_VALUES.flagNoexec : 0) |
  (nosuid ? MOUNT_VALUES.flagNosuid : 0) |
  (nodev ? MOUNT_VALUES.flagNodev : 0);
