/**
 * Makes an OCI image layout with one program in it.
 *
 *   node scripts/demo-image.mjs PROGRAM LAYOUT TAG
 *
 * @see image-spec image-layout.md, manifest.md, config.md
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [program, layout, tag] = process.argv.slice(2);
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function addBlob(mediaType, bytes) {
  const digest = digestOf(bytes);
  writeFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
  return { mediaType, digest, size: bytes.length };
}
const addJson = (mediaType, value) => addBlob(mediaType, Buffer.from(JSON.stringify(value)));

function layerOf(file) {
  const root = mkdtempSync(join(tmpdir(), 'sandbox-demo-layer-'));
  try {
    for (const folder of ['bin', 'dev', 'proc', 'tmp']) mkdirSync(join(root, folder), { mode: 0o755 });
    copyFileSync(file, join(root, 'bin/misbehave'));
    const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--sort=name', '--mode=a+rX,go-w'];
    return execFileSync('tar', ['--create', ...owner, '--directory', root, '.'], { maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(root, { recursive: true });
  }
}

mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
const tar = layerOf(program);
const layer = addBlob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar));
const config = addJson('application/vnd.oci.image.config.v1+json', {
  architecture: 'amd64',
  os: 'linux',
  config: { Entrypoint: ['/bin/misbehave'], WorkingDir: '/' },
  rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
});
const manifest = addJson('application/vnd.oci.image.manifest.v1+json', {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config,
  layers: [layer],
});
writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': tag } };
writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
