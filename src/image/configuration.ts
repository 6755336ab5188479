/**
 * An image's configuration: which layers, and how its author wants it to be run.
 * All of it was chosen by whoever made the image.
 *
 * @see image-spec config.md; docker's Dockerfile reference (USER, STOPSIGNAL, ENTRYPOINT)
 */
import { constants } from 'node:os';
import { posix } from 'node:path';
import type { Digest } from '../base/digest.js';
import { type AccountSources, findUser } from './accounts.js';
import { LAYER_LIMIT } from './manifest.js';
import type { RunConfiguration } from './rootfs.js';
import { asDigest, asList, asObject, asText, asTexts, type Members, malformed, parseDocument } from './shape.js';

export type ImageConfiguration = {
  readonly os: string;
  readonly architecture: string;
  readonly diffIds: readonly Digest[];
  readonly environment: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** As the image has it: `name`, `1000`, `name:group`; empty where it says nothing. */
  readonly user: string;
  readonly stopSignal: number;
};

const NAME = 'the configuration';
/** What one argument or variable of a new program may be long. @see execve(2), MAX_ARG_STRLEN */
const ARGUMENT = { count: 4096, bytes: 128 * 1024 - 1 };
const ENVIRONMENT = { count: 1024, bytes: 128 * 1024 - 1 };
const PATH_LIMIT = 4095;
const TEXT_LIMIT = 512;
const SIGTERM = 15;
const FIRST_REALTIME = 34;
const LAST_SIGNAL = 64;

/** @throws {ImageError} IMAGE_MALFORMED */
export function parseConfiguration(bytes: Uint8Array): ImageConfiguration {
  const value = asObject(parseDocument(bytes, NAME), NAME);
  const config: Members =
    value['config'] === undefined || value['config'] === null ? {} : asObject(value['config'], NAME);
  const signal = optionalText(config, 'StopSignal', TEXT_LIMIT);
  return {
    os: optionalText(value, 'os', TEXT_LIMIT),
    architecture: optionalText(value, 'architecture', TEXT_LIMIT),
    diffIds: diffIdsOf(value),
    environment: lastOfEachName(asTexts(config['Env'], `${NAME}/Env`, ENVIRONMENT)),
    entrypoint: asTexts(config['Entrypoint'], `${NAME}/Entrypoint`, ARGUMENT),
    command: asTexts(config['Cmd'], `${NAME}/Cmd`, ARGUMENT),
    workingDirectory: posix.resolve('/', optionalText(config, 'WorkingDir', PATH_LIMIT)),
    user: optionalText(config, 'User', TEXT_LIMIT),
    stopSignal: signal === '' ? SIGTERM : parseSignal(signal),
  };
}

/** The DiffIDs alone, bottom layer first. @throws {ImageError} IMAGE_MALFORMED */
export const parseDiffIds = (bytes: Uint8Array): readonly Digest[] =>
  diffIdsOf(asObject(parseDocument(bytes, NAME), NAME));

/** With the user looked up in the image's own account files. @throws {ImageError} IMAGE_USER_UNKNOWN, IMAGE_MALFORMED */
export function asRunConfiguration(configuration: ImageConfiguration, accounts: AccountSources): RunConfiguration {
  const { environment, entrypoint, command, workingDirectory, user, stopSignal } = configuration;
  return {
    environment,
    entrypoint,
    command,
    workingDirectory,
    user: user === '' ? undefined : findUser(user, accounts),
    stopSignal,
  };
}

function diffIdsOf(value: Members): readonly Digest[] {
  const rootfs = asObject(value['rootfs'], `${NAME}/rootfs`);
  if (rootfs['type'] !== 'layers') throw malformed(`${NAME}/rootfs`, 'its type is not "layers"');
  const name = `${NAME}/rootfs/diff_ids`;
  return asList(rootfs['diff_ids'], name, LAYER_LIMIT).map((item, at) => asDigest(item, `${name}/${at}`));
}

function optionalText(members: Members, key: string, limit: number): string {
  const value = members[key];
  return value === undefined || value === null ? '' : asText(value, `${NAME}/${key}`, limit);
}

function lastOfEachName(entries: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals <= 0) throw malformed(`${NAME}/Env`, `${JSON.stringify(entry.slice(0, 64))} is not NAME=value`);
    byName.set(entry.slice(0, equals), entry);
  }
  return [...byName.values()];
}

/** `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`, `RTMAX-2`. */
function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = Object.entries(constants.signals).find(([signal]) => signal === `SIG${name}`)?.[1];
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  const found = known ?? (realtime ? realtimeSignal(realtime) : /^\d{1,2}$/.test(name) ? Number(name) : 0);
  if (found < 1 || found > LAST_SIGNAL)
    throw malformed(`${NAME}/StopSignal`, `${JSON.stringify(text)} is not a signal`);
  return found;
}

function realtimeSignal([, end, sign, distance = '0']: RegExpExecArray): number {
  const from = end === 'MIN' ? FIRST_REALTIME : LAST_SIGNAL;
  const signal = sign === '-' ? from - Number(distance) : from + Number(distance);
  return signal < FIRST_REALTIME ? 0 : signal;
}
