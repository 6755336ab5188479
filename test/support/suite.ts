/**
 * uvu's suite with what it lacks: a time limit for each test and for what a
 * test leaves running, skipping with a named requirement, a word about a
 * `before` that failed, and asynchronous `throws`.
 */
import { suite as uvuSuite } from 'uvu';
import { patient } from './patience.js';

/** What tests write is for other users, too, whatever the mask of who runs them. */
process.umask(0o022);

type Body = () => void | Promise<void>;
export type Suite = {
  (name: string, body: Body): void;
  /** Declares `test` where `requirement` is met; elsewhere it counts as skipped and says why. */
  needs(requirement: string | undefined, name: string, body: Body): void;
  before(body: Body): void;
  after(body: Body): void;
  run(): void;
};

const DEFAULT_LIMIT_MS = 300_000;
const END_LIMIT_MS = 60_000;
/** Suites of this process that have not ended. */
let running = 0;

/** A suite whose tests fail after `limitMs`. */
export function suite(name: string, usualLimitMs: number = DEFAULT_LIMIT_MS): Suite {
  const inner = uvuSuite(name);
  const limitMs = patient(usualLimitMs);
  const declare = (title: string, body: Body): void => inner(title, () => within(limitMs, title, body));
  return Object.assign(declare, {
    needs(requirement: string | undefined, title: string, body: Body): void {
      if (requirement === undefined) {
        declare(title, body);
      } else {
        process.stdout.write(`SKIP ${name}: ${title}: ${requirement}\n`);
        inner.skip(title, () => undefined);
      }
    },
    before: (body: Body): void => inner.before(() => told(() => within(limitMs, 'before', body))),
    after: (body: Body): void => inner.after(() => within(limitMs, 'after', body)),
    run(): void {
      running += 1;
      inner.after(endSoon);
      inner.run();
    },
  });
}

/** uvu counts the tests behind a `before` that failed, and says nothing of why. */
async function told(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    process.stdout.write(`before: ${error instanceof Error ? error.stack : error}\n`);
    throw error;
  }
}

/** Node waits for every child and server that a failed test left; this process does not wait for long. */
function endSoon(): void {
  running -= 1;
  if (running > 0) return;
  const giveUp = (): void => {
    process.stdout.write(`still there after all tests: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  };
  setTimeout(giveUp, patient(END_LIMIT_MS)).unref();
}

async function within(limitMs: number, title: string, body: Body): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${title}" did not end within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([body(), expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error that `body` rejects or throws with. @throws where it does neither */
export async function rejection(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure, but it succeeded');
}
