/**
 * uvu's suite with what it lacks: a time limit for each test, skipping with a
 * named requirement, and asynchronous `throws`.
 */
import { suite as uvuSuite } from 'uvu';

type Body = () => void | Promise<void>;
export type Suite = {
  (name: string, body: Body): void;
  /** Declares `test` where `requirement` is met; elsewhere it counts as skipped and says why. */
  needs(requirement: string | undefined, name: string, body: Body): void;
  before(body: Body): void;
  after(body: Body): void;
  run(): void;
};

const DEFAULT_LIMIT_MS = 60_000;

/** A suite whose tests fail after `limitMs`. */
export function suite(name: string, limitMs: number = DEFAULT_LIMIT_MS): Suite {
  const inner = uvuSuite(name);
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
    before: (body: Body): void => inner.before(() => within(limitMs, 'before', body)),
    after: (body: Body): void => inner.after(() => within(limitMs, 'after', body)),
    run: (): void => inner.run(),
  });
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
