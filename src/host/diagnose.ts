/** Tries every mechanism that the product uses and says what follows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Directories } from '../base/directories.js';
import { tryApparmor } from './apparmor-trials.js';
import type { Diagnosis, Mechanism, Trial } from './diagnosis.js';
import { HostError } from './errors.js';
import type { HostFacts } from './facts.js';
import { tryKernel } from './kernel-trials.js';
import { measureHost } from './measure.js';
import { REMEDIES, type Situation } from './remedies.js';
import { readSettings } from './settings.js';
import { nearestExisting, tryUserSpace } from './user-trials.js';

/**
 * What this host can give, tried as this user, for the product installed at `installation`, whose strict policy
 * compiles to the AppArmor profile `strictProfile`.
 *
 * @throws {HostError} HOST_DOCTOR_FAILED, HOST_UNREADABLE
 */
export function diagnoseHost(installation: string, directories: Directories, strictProfile: string): Diagnosis {
  const facts = measureHost();
  const programs = join(installation, 'build/native');
  const kernel = tryKernel(join(programs, 'doctor'), facts, nearestExisting(directories.data));
  const trials = [
    ...kernel.map((trial) => asSubordinate(trial, facts)),
    ...tryApparmor(facts, strictProfile),
    ...tryUserSpace(directories, facts.user.uid),
  ];
  const situation: Situation = {
    facts,
    settings: readSettings(),
    mountinfo: readFileSync('/proc/self/mountinfo', 'utf8'),
    programs,
    directories,
  };
  const mechanisms = trials.map((trial) => conclude(trial, situation));
  const has = (status: Mechanism['status']): boolean => mechanisms.some((mechanism) => mechanism.status === status);
  return {
    strict: has('missing') ? 'refused' : has('relaxed') ? 'relaxed' : 'full',
    mechanisms,
    facts,
    settings: situation.settings,
  };
}

/** The map that was tried is what this user can get; where that is one id, subordinate ids are what is missing. */
function asSubordinate(trial: Trial, facts: HostFacts): Trial {
  if (trial.name !== 'id-map') return trial;
  const named = { ...trial, name: 'subordinate-ids' };
  if (facts.idMap.method !== 'single') return named;
  return { ...named, available: false, found: 'only the own id can be mapped' };
}

function conclude({ error, withoutNamespace, ...trial }: Trial, situation: Situation): Mechanism {
  const remedy = REMEDIES[trial.name];
  const cure = withoutNamespace ? REMEDIES['user-namespace'] : remedy;
  if (remedy === undefined || cure === undefined) {
    throw new HostError('HOST_DOCTOR_FAILED', `the trial ${trial.name} is of another version`, {
      hint: 'build the product (scripts/build) and try again',
    });
  }
  if (trial.available) return { ...trial, status: 'ok', without: undefined, fix: undefined };
  return {
    ...trial,
    status: remedy.need === 'strict' ? 'missing' : 'relaxed',
    without: remedy.without,
    fix: cure.fix(situation, { ...trial, error }),
  };
}
