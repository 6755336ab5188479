/** Writes tar archives for tests, also ones that no honest tool would write. */

export type TarEntry = {
  readonly name: string;
  readonly type?: 'file' | 'hardlink' | 'link' | 'character' | 'block' | 'folder' | 'pipe';
  readonly data?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  /** Of links of both kinds. */
  readonly target?: string;
  /** Records of an extended header before the entry. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>;
};

const BLOCK = 512;
const TYPES = { file: '0', hardlink: '1', link: '2', character: '3', block: '4', folder: '5', pipe: '6' } as const;

/** An archive of `entries` in their order, with its end mark. Names longer than a header's 100 bytes get a pax record. */
export function makeTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(encodeEntry), Buffer.alloc(2 * BLOCK)]);
}

function encodeEntry(entry: TarEntry): readonly Buffer[] {
  const data = Buffer.from(entry.data ?? '');
  const long = Buffer.byteLength(entry.name) > 100 ? { path: entry.name } : {};
  const longTarget = Buffer.byteLength(entry.target ?? '') > 100 ? { linkpath: entry.target ?? '' } : {};
  const records = Object.entries({ ...long, ...longTarget, ...entry.pax });
  const body = [header(entry, data.length, TYPES[entry.type ?? 'file']), padded(data)];
  if (records.length === 0) return body;
  const pax = Buffer.concat(records.map(([key, value]) => paxRecord(key, Buffer.from(value))));
  return [header({ name: 'pax' }, pax.length, 'x'), padded(pax), ...body];
}

function header(entry: TarEntry, size: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, start: number, length: number): number =>
    block.write(value.toString(8).padStart(length - 1, '0'), start, length - 1, 'latin1');
  block.write(entry.name, 0, 100);
  octal(entry.mode ?? (entry.type === 'folder' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(entry.mtime ?? 1_000_000_000, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(type, 156, 1);
  block.write(entry.target ?? '', 157, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(1, 329, 8);
  octal(3, 337, 8);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    8,
  );
  return block;
}

/** Its length counts its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}
