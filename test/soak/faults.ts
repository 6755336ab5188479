/** Every call of a launch fails with every error that somewhere has a meaning of its own, over three kinds of plan. */
import type { PlanKind } from '../faults/judge.js';
import { type ErrorName, type Sweep, sweepErrors, sweepGuards, withoutMiddles } from '../faults/sweep.js';
import { recordCalls } from '../faults/tracer.js';
import { type LaunchGround, launchGround, type WrittenPlan } from '../support/launch.js';
import type { Part } from './parts.js';

const ERRORS: readonly ErrorName[] = [
  'EPERM',
  'EINTR',
  'EAGAIN',
  'ENOENT',
  'EINVAL',
  'ENOMEM',
  'ENOSYS',
  'EIO',
  'EACCES',
  'EBADF',
];
const KINDS: readonly PlanKind[] = ['usual', 'single', 'terminal'];

export const faultsPart: Part = {
  name: 'faults',
  about: `every call of three kinds of plan, each round of loops; the usual kind with ${ERRORS.length} errors`,
  async run() {
    const faults: string[] = [];
    let injected = 0;
    for (const kind of KINDS) {
      const ground = launchGround({ subordinateIds: kind !== 'single', cgroups: true });
      try {
        const plan = planOf(ground, kind);
        const sweep: Sweep = { ground, plan, kind, calls: await recordCalls(ground, plan.command) };
        for (const name of kind === 'usual' ? ERRORS : ERRORS.slice(0, 1)) {
          const calls = name === ERRORS[0] ? sweep.calls : withoutMiddles(sweep.calls);
          faults.push(...(await sweepErrors({ ...sweep, calls }, name)).map((fault) => `${kind} ${name}: ${fault}`));
          injected += calls.length;
        }
        faults.push(...(await sweepGuards(sweep)).map((fault) => `${kind} no-op: ${fault}`));
      } finally {
        ground.remove();
      }
    }
    return { figures: `${injected} failed calls`, faults };
  },
};

function planOf(ground: LaunchGround, kind: PlanKind): WrittenPlan {
  const overrides = { workingDirectory: '/tmp', ...(kind === 'single' ? {} : { group: [100, 101] }) };
  if (kind !== 'terminal') return ground.plan(['mark'], { overrides });
  return ground.plan(['mark'], { terminal: true, interactive: true, policy: { root: 'writable' }, overrides });
}
