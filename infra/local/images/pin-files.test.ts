import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { ROOT } from '../root.ts'
import { listImages, parseImageReference } from './image-reference.ts'
import { pinFiles } from './pin-files.ts'

/** A registry as Docker Hub is one: a manifest is answered with a token only, which anybody gets. */

const MANIFEST = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: 'sha256:x' }] })
const DIGEST = `sha256:${new Bun.CryptoHasher('sha256').update(MANIFEST).digest('hex')}`
const requests: string[] = []
let respond: () => Response = () => new Response(MANIFEST, { headers: { 'docker-content-digest': DIGEST } })
const registry = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: request => {
    const url = new URL(request.url)
    if (url.pathname === '/token') return Response.json({ token: `for ${url.searchParams.get('scope')}` })
    const repository = /^\/v2\/(.+)\/manifests\//.exec(url.pathname)?.[1]
    const scope = `repository:${repository}:pull`
    if (request.headers.get('authorization') !== `Bearer for ${scope}`) {
      const challenge = `Bearer realm="${url.origin}/token",service="registry",scope="${scope}"`
      return new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
    }
    requests.push(`${url.pathname} ${request.headers.get('accept')?.includes('image.index') ? 'index' : ''}`)
    return respond()
  },
})
afterAll(() => registry.stop(true))

const COMPOSE = 'services:\n  caddy:\n    image: caddy:2.11-alpine\n  garage:\n    image: dxflrs/garage:v2.4.1\n'
const DOCKERFILE = 'FROM oven/bun:1.4-slim AS bun\nFROM bun AS app\nFROM oven/bun:1.4-slim AS other\n'

async function openClone() {
  const directory = await createTestDirectory()
  const read = (name: string) => Bun.file(join(directory.path, name)).text()
  await Bun.write(join(directory.path, 'docker-compose.yml'), COMPOSE)
  await Bun.write(join(directory.path, 'infra/deploy/Dockerfile'), DOCKERFILE)
  const options = { root: directory.path, signal: AbortSignal.timeout(60_000), toUrl: () => registry.url.origin }
  return {
    pin: (shouldWrite = true) => pinFiles({ ...options, shouldWrite }),
    readCompose: () => read('docker-compose.yml'),
    readDockerfile: () => read('infra/deploy/Dockerfile'),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

test('writes the digest of each image beside its tag, and of a stage none', async () => {
  await using clone = await openClone()
  requests.length = 0
  expect((await clone.pin()).map(({ isPinned }) => isPinned)).toEqual([false, false, false])
  expect(await clone.readCompose()).toBe(
    COMPOSE.replace('2.11-alpine', `2.11-alpine@${DIGEST}`).replace('v2.4.1', `v2.4.1@${DIGEST}`),
  )
  expect(await clone.readDockerfile()).toBe(DOCKERFILE.replaceAll('1.4-slim', `1.4-slim@${DIGEST}`))
  expect(requests.toSorted()).toEqual([
    '/v2/dxflrs/garage/manifests/v2.4.1 index',
    '/v2/library/caddy/manifests/2.11-alpine index',
    '/v2/oven/bun/manifests/1.4-slim index',
  ])
})

test('replaces a digest that the tag no longer has, and finds one that it has', async () => {
  await using clone = await openClone()
  await clone.pin()
  const pinned = await clone.readCompose()
  expect((await clone.pin()).every(({ isPinned }) => isPinned)).toBe(true)
  expect(await clone.readCompose()).toBe(pinned)
  const newer = `${MANIFEST} `
  const before = respond
  respond = () => new Response(newer)
  expect((await clone.pin(false)).some(({ isPinned }) => isPinned)).toBe(false)
  expect(await clone.readCompose()).toBe(pinned)
  await clone.pin()
  respond = before
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(newer).digest('hex')}`
  expect(await clone.readCompose()).toBe(pinned.replaceAll(DIGEST, digest))
})

test.each([
  [
    'a manifest that is not the one of its header',
    () => new Response(MANIFEST, { headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } }),
    'not the one',
  ],
  ['a page instead of a manifest', () => new Response('<html></html>'), 'no manifest'],
  ['a tag that does not exist', () => new Response('{}', { status: 404 }), '404'],
  ['a manifest without end', () => new Response('x'.repeat(5 * 1024 * 1024)), 'too large'],
])('writes nothing for %s', async (_, answer, message) => {
  await using clone = await openClone()
  const before = respond
  respond = answer
  await expect(clone.pin()).rejects.toThrow(message)
  respond = before
  expect([await clone.readCompose(), await clone.readDockerfile()]).toEqual([COMPOSE, DOCKERFILE])
})

test.each([
  ['caddy:2', 'registry-1.docker.io', 'library/caddy', '2'],
  ['dxflrs/garage:v2.4.1', 'registry-1.docker.io', 'dxflrs/garage', 'v2.4.1'],
  ['ghcr.io/owner/name:1.2', 'ghcr.io', 'owner/name', '1.2'],
  ['localhost:5000/name:1', 'localhost:5000', 'name', '1'],
  [`postgres:18@${DIGEST}`, 'registry-1.docker.io', 'library/postgres', '18'],
])('finds the registry of %s', (text, host, repository, tag) => {
  expect(parseImageReference(text)).toMatchObject({ registry: host, repository, tag, text: text.replace(/@.*/, '') })
})

test.each(['bun', 'postgres', '-x:1', 'a:b:c d', 'Name:1', 'name:1@sha256:12'])(
  '%j is no reference with a tag',
  text => {
    expect(parseImageReference(text)).toBeUndefined()
  },
)

test('in this repository every image has a tag and a digest', async () => {
  const files = await Promise.all(
    ['docker-compose.yml', 'infra/deploy/Dockerfile'].map(name => Bun.file(join(ROOT, name)).text()),
  )
  const lines = files.join('\n').match(/^(?:\s*image:|FROM)\s+\S+/gm) ?? []
  const references = lines.map(line => line.trim().split(/\s+/)[1] ?? '').filter(text => /[:/]/.test(text))
  expect(references.filter(text => !parseImageReference(text))).toEqual([])
  expect(references.map(text => text.replace(/@.*/, '')).toSorted()).toEqual(
    expect.arrayContaining(files.flatMap(file => listImages(file).map(({ text }) => text))),
  )
  expect(references.filter(text => !text.includes('@sha256:'))).toEqual([])
})
