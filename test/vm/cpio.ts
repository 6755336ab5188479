/** Writes cpio archives in the form that the kernel unpacks as its first root. @see kernel Documentation/driver-api/early-userspace/buffer-format.rst */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;
const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o005;

export class Cpio {
  readonly #parts: Buffer[] = [];
  #inode = 1;

  folder(name: string): this {
    return this.#add(name, FOLDER | 0o755, Buffer.alloc(0));
  }

  file(name: string, data: string | Uint8Array, mode = 0o644): this {
    return this.#add(name, FILE | mode, Buffer.from(data as Uint8Array));
  }

  /** What everyone may read of a folder of this machine; nothing else gets in, whoever packs it. */
  publicTree(source: string, name: string): this {
    this.folder(name);
    for (const entry of readdirSync(source)) {
      const [from, to] = [join(source, entry), join(name, entry)];
      const status = lstatSync(from);
      if (status.isSymbolicLink()) this.#add(to, LINK | 0o777, Buffer.from(readlinkSync(from)));
      else if (status.isDirectory() && (status.mode & OTHERS_ENTER) === OTHERS_ENTER) this.publicTree(from, to);
      else if (status.isFile() && (status.mode & OTHERS_READ) !== 0)
        this.file(to, readFileSync(from), status.mode & 0o777);
    }
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat([...this.#parts, entryOf('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
  }

  #add(name: string, mode: number, data: Buffer): this {
    this.#parts.push(entryOf(name, mode, this.#inode++, data));
    return this;
  }
}

function entryOf(name: string, mode: number, inode: number, data: Buffer): Buffer {
  const path = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, path.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(head), path])), padded(data)]);
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
