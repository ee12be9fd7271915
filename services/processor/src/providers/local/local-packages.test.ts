import { expect, test } from 'bun:test'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createInstallError } from './install-errors.ts'
import { openLocalPackages } from './local-packages.ts'

const SOURCE = join(import.meta.dirname, '..', '..', '..', 'local-models')
const log = createLog({ service: 'test', level: 'silent' })
const { signal } = new AbortController()

test.each([
  ['ENOSPC: copying file dist/tf-core.node.js', 'The disk is full: upscaling on this machine needs 71 MB.'],
  ['error: DNSResolveFailed downloading tarball long@4.0.0', 'the registry was not reached. Connect this machine'],
  ['error: ConnectionRefused downloading tarball long@4.0.0', 'the registry was not reached. Connect this machine'],
  ['error: GET https://registry.example/long - 403', 'The package registry does not let this machine in.'],
  ['error: GET https://registry.example/long - 404', 'The package registry does not have the packages.'],
  ['error: Integrity check failed for tarball: long', 'A package arrived changed, so it was not installed.'],
  ['EACCES: permission denied, mkdir', 'The data folder of the studio cannot be written.'],
  ['something else', 'The packages could not be installed. The log of the processor says why.'],
])('says of “%s” what is wrong: %s', (output, sentence) => {
  const error = createInstallError(new Error(output))
  expect(error).toMatchObject({ code: 'provider_failed', failure: 'retryable' })
  expect(error.message).toContain(sentence)
})

test('an installation that fails leaves nothing behind, and is tried again', async () => {
  await using directory = await createTestDirectory()
  // Nothing listens there.
  const packages = openTestPackages(directory.path, 'http://127.0.0.1:1')
  for (const _ of [1, 2]) await expect(packages.install(signal)).rejects.toThrow('the registry was not reached')
  expect(await readdir(join(directory.path, 'models'))).toEqual([])
})

test('one who leaves ends no installation, and the end of the processor does', async () => {
  await using directory = await createTestDirectory()
  let requests = 0
  await using registry = Bun.serve({
    port: 0,
    fetch: () => {
      requests += 1
      return new Promise<Response>(() => {})
    },
  })
  const processor = new AbortController()
  const packages = openTestPackages(directory.path, registry.url.href, processor.signal)
  const visitor = new AbortController()
  const left = packages.install(visitor.signal).catch(error => error)
  const waiting = packages.install(signal).catch(error => error)
  await waitFor('the download to begin', 60_000, async () => requests > 0)
  visitor.abort(new Error('left'))
  expect((await left).message).toBe('left')
  expect(await readdir(join(directory.path, 'models'))).toHaveLength(1)
  processor.abort(new Error('stopping'))
  expect((await waiting).code).toBe('interrupted')
  expect(await readdir(join(directory.path, 'models'))).toEqual([])
})

test('what a killed installation has left is removed a day later, also where nothing is installed any more', async () => {
  await using directory = await createTestDirectory()
  const [source, models] = [join(directory.path, 'source'), join(directory.path, 'models')]
  await mkdir(source)
  const files = ['package.json', 'bun.lock', 'bunfig.toml']
  for (const file of files) await writeFile(join(source, file), file)
  const target = join(models, new Bun.CryptoHasher('sha256').update(files.join('')).digest('hex').slice(0, 16))
  for (const file of [
    '@tensorflow/tfjs-core/package.json',
    '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
    '@upscalerjs/esrgan-slim/models/x4/model.json',
  ])
    await Bun.write(join(target, 'node_modules', file), '')
  for (const name of ['installing-old', 'installing-now']) await mkdir(join(models, name))
  await utimes(join(models, 'installing-old'), 0, 0)
  expect(await openLocalPackages({ directory: models, log, signal, source }).install(signal)).toBe(target)
  expect((await readdir(models)).toSorted()).toEqual([basename(target), 'installing-now'].toSorted())
})

test('the lock file names versions and hashes alone, and no registry', async () => {
  const lock = await readFile(join(SOURCE, 'bun.lock'), 'utf8')
  expect(lock).not.toMatch(/https?:/)
  const { dependencies } = JSON.parse(await readFile(join(SOURCE, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const [name, version] of Object.entries(dependencies)) expect(lock).toContain(`"${name}@${version}"`)
})

function openTestPackages(path: string, registry: string, processorSignal: AbortSignal = signal) {
  const { PATH = '' } = process.env
  const env = { PATH, HOME: path, BUN_CONFIG_REGISTRY: registry, BUN_INSTALL_CACHE_DIR: join(path, 'cache') }
  return openLocalPackages({ directory: join(path, 'models'), log, signal: processorSignal, env })
}
