/** `sandbox policy …`: what policies mean, whether they hold, and what a change of one changes. */
import type { Command } from 'commander';
import type { CliContext } from './context.js';

type Register = (policy: Command, context: CliContext) => void;

/** In the order of the help. Each is loaded only when it is called, or when all are to be listed. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  check: async () => (await import('./policy-check.js')).addPolicyCheck,
  lint: async () => (await import('./policy-lint.js')).addPolicyLint,
  explain: async () => (await import('./policy-explain.js')).addPolicyExplain,
  compile: async () => (await import('./policy-compile.js')).addPolicyCompile,
  diff: async () => (await import('./policy-diff.js')).addPolicyDiff,
};

/** What adds to the program the command `wanted` of this group, or all of them where it has none of that name. */
export async function policyCommands(wanted?: string): Promise<Register> {
  const only = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  const registers = await Promise.all((only === undefined ? Object.values(COMMANDS) : [only]).map((load) => load()));
  return (program, context) => {
    const policy = program
      .command('policy')
      .description('check and lint policies, say what they mean, compile and compare them');
    for (const register of registers) register(policy, context);
  };
}
