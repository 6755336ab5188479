/** A registry of Debian's on a loopback port, and what the tests put into it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignatureDescriptor } from '../../src/trust/evidence.js';
import { patient } from '../support/patience.js';
import type { MemoryLayout } from './memory-layout.js';

export class LoopbackRegistry {
  private constructor(
    readonly host: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(program: string): Promise<LoopbackRegistry> {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const configuration = { version: 0.1, storage: { filesystem: { rootdirectory: folder } }, http: { addr: host } };
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(configuration));
    const child = spawn(program, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
    const registry = new LoopbackRegistry(host, child, folder);
    for (const end = Date.now() + patient(60_000); Date.now() < end && child.exitCode === null; ) {
      const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
      if (answer?.ok) return registry;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    registry.stop();
    throw new Error('the registry did not start');
  }

  stop(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Uploads a manifest of the layout under a tag or its digest, and first all that it refers to. */
  async push(layout: MemoryLayout, descriptor: SignatureDescriptor, repository: string, tag?: string): Promise<void> {
    const manifest = layout.json(descriptor);
    const parts = [manifest['config'], ...((manifest['layers'] as unknown[]) ?? [])] as (
      | SignatureDescriptor
      | undefined
    )[];
    for (const part of parts) if (part !== undefined) await this.upload(repository, part.digest, layout.bytes(part));
    await this.expectCreated(`http://${this.host}/v2/${repository}/manifests/${tag ?? descriptor.digest}`, {
      method: 'PUT',
      headers: { 'content-type': descriptor.mediaType },
      body: Buffer.from(layout.bytes(descriptor)),
    });
  }

  private async upload(repository: string, digest: string, bytes: Uint8Array): Promise<void> {
    const begun = await fetch(`http://${this.host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', `http://${this.host}`);
    place.searchParams.set('digest', digest);
    await this.expectCreated(place.href, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(bytes),
    });
  }

  private async expectCreated(address: string, request: RequestInit): Promise<void> {
    const answer = await fetch(address, request);
    if (answer.status !== 201) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
