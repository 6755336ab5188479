/** Runs on a terminal: what is typed, its size, and how it is left. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { liveProcesses, settle } from '../support/belongings.js';
import { type Ended, outcomeOf, printed } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('terminal');
const hasScript = spawnSync('script', ['--version']).status === 0 ? undefined : 'script(1)';
const needs = userRequirement({ subordinateIds: true }) ?? hasScript;
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const orNothing = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};
const programOf = (pid: string): string => orNothing(() => readlinkSync(`/proc/${pid}/exe`));
const statusOf = (pid: string): string => orNothing(() => readFileSync(`/proc/${pid}/status`, 'utf8'));

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** `sandbox run -it` with a script of the shell inside, as a shell's command line. */
const line = (script: string, options = '-it'): string =>
  [ground.product.program, ...ground.runWords(['sh', '-c', script], { flags: ['--profile', 'strict', options] })]
    .map(quote)
    .join(' ');

/** A command line on a terminal of its own; `type` is called when it has printed `ready`. */
async function onTerminal(
  commandLine: string,
  type?: (write: (keys: string) => void, text: string) => void,
): Promise<Ended> {
  const child = ground.user.start(['script', '--quiet', '--return', '--command', commandLine, '/dev/null']);
  const end = outcomeOf(child);
  if (type !== undefined) {
    const text = await printed(child, 'ready\r\n');
    type((keys) => child.stdin?.write(keys), text);
  }
  const ended = await end;
  child.stdin?.destroy();
  return ended;
}

test.needs(needs, "all three streams are a terminal of its own, of the caller's size", async () => {
  const look = 'test -t 0 && test -t 1 && test -t 2 && echo all; readlink /proc/self/fd/0; stty size';
  const { status, stdout } = await onTerminal(`stty rows 33 cols 77; ${line(look)}`);
  assert.is(status, 0, stdout.toString());
  assert.match(stdout.toString(), /^all\r\n\/dev\/pts\/0\r\n33 77\r\n/m);
  assert.is.not(ground.run(['sh', '-c', 'test -t 0']).status, 0, 'without -t there is none');
});

test.needs(needs, 'a change of its size arrives', async () => {
  const script = "trap 'stty size; exit 0' WINCH; echo ready; while true; do sleep 0.05; done";
  const { stdout } = await onTerminal(`tty; stty rows 20 cols 70; ${line(script)}`, (_, text) => {
    const terminal = /\/dev\/pts\/\d+/.exec(text)?.[0] ?? '';
    assert.is(spawnSync('stty', ['-F', terminal, 'rows', '41', 'cols', '99']).status, 0);
  });
  assert.match(stdout.toString(), /^41 99\r$/m);
});

test.needs(needs, 'Ctrl-C reaches the command and nothing else', async () => {
  const script = "trap 'echo interrupted; exit 3' INT; echo ready; while true; do sleep 0.05; done";
  const { status, stdout } = await onTerminal(`${line(script)}; echo status $?`, (write) => write('\x03'));
  assert.match(stdout.toString(), /interrupted\r\n(sandbox: .*\r\n)*status 3\r\n/);
  assert.is(status, 0);
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, 'what is typed arrives as it was typed, to the end of the input', async () => {
  const { stdout } = await onTerminal(`${line('echo ready; cat; echo end')}`, (write) => write('typed words\n\x04'));
  assert.match(stdout.toString(), /typed words\r\n(typed words\r\n)?end\r\n/);
});

for (const [what, script, keys] of [
  ['after the end of the command', 'echo ready; exit 0', undefined],
  ['after Ctrl-C', 'echo ready; sleep 1000.3', '\x03'],
  ['after a command that changed its own', 'stty raw -echo; echo; echo ready; exit 0', undefined],
] as const) {
  test.needs(needs, `the caller's terminal is as it was ${what}`, async () => {
    const outer = `stty -g; ${line(script)}; stty -g`;
    const { stdout } = await onTerminal(outer, keys === undefined ? undefined : (write) => write(keys));
    const settings = [...stdout.toString().matchAll(/^[0-9a-f]+(:[0-9a-f]+){10,}/gm)].map(([all]) => all);
    assert.is(settings.length, 2, stdout.toString());
    assert.is(settings[0], settings[1]);
  });
}

test.needs(needs, 'after our own end by a signal, too', async () => {
  const outer = `stty -g; ${line('echo ready; exec sleep 1000.4')}; stty -g`;
  const { stdout } = await onTerminal(outer, () => {
    // By the staged program: the user may run other sandboxes. Its keepers are its children.
    const launcher = join(ground.product.folder, 'build/native/launcher');
    const ours = liveProcesses(ground.user)
      .map((line) => line.split(' ')[1] ?? '')
      .filter((pid) => programOf(pid) === launcher && !/^NSpid:(\s+\d+){2}/m.test(statusOf(pid)));
    const supervisor = ours.find((pid) => !ours.includes(/^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? ''));
    if (supervisor !== undefined) process.kill(Number(supervisor), 'SIGTERM');
  });
  const settings = [...stdout.toString().matchAll(/^[0-9a-f]+(:[0-9a-f]+){10,}/gm)].map(([all]) => all);
  assert.is(settings.length, 2, stdout.toString());
  assert.is(settings[0], settings[1]);
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, '-i and -t without a terminal are refused in words', () => {
  const { status, stderr } = ground.run(['true'], { flags: ['--profile', 'strict', '-it'] });
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: RUN_NO_TERMINAL: .*\n {2}to do: .*-t/);
});

test.needs(needs, "the terminal's injection of input is refused", async () => {
  const { stdout } = await onTerminal(line('probe --only tty.tiocsti,tty.tiocsti-high,tty.tioclinux; echo done'));
  const verdicts = [...stdout.toString().matchAll(/"verdict":"(\w+)"/g)].map(([, verdict]) => verdict);
  assert.equal(verdicts, ['denied', 'denied', 'denied'], stdout.toString());
});

test.run();
