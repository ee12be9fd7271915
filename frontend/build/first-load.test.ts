import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFirstLoad, formatScripts, measureScripts, type ScriptSize } from './first-load.ts'

/** On the wire: compressed by brotli, as a browser gets it, and by gzip, as it gets it over plain HTTP. */
const MAX_FIRST_LOAD = { br: 60_000, gz: 68_800 }
const BUILD_TIMEOUT_MS = 120_000

test('the scripts of the first load are within their budget, in no more than three files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-build-'))
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  await build(folder)
  const scripts = await measureScripts(folder)
  const firstLoad = scripts.filter(({ isFirstLoad }) => isFirstLoad)
  const [br, gz] = [sumSizes(firstLoad, 'br'), sumSizes(firstLoad, 'gz')]
  const advice = 'Load what the first rows do not need later: see `lazyPart` (frontend/src/ui/lazy-part.tsx).'
  if (br > MAX_FIRST_LOAD.br || gz > MAX_FIRST_LOAD.gz)
    throw new Error(`${br} bytes (br), ${gz} bytes (gz) at first load. ${advice}\n${formatScripts(scripts)}`)
  expect(br).toBeGreaterThan(30_000)
  expect(firstLoad.length).toBeLessThanOrEqual(3)
  expect(await Bun.file(join(folder, `${firstLoad[0]?.file}.br`)).exists()).toBe(true)
})

test('counts what the document names and preloads, with all that these import statically', () => {
  const html = '<script src="/assets/early-1.js"></script><link rel="modulepreload" crossorigin href="/assets/b-1.js">'
  const manifest = {
    'index.html': { file: 'assets/index-1.js', imports: ['_a.js'], isEntry: true },
    '_a.js': { file: 'assets/a-1.js', imports: ['_b.js'] },
    '_b.js': { file: 'assets/b-1.js', imports: ['_a.js'] },
    'later.tsx': { file: 'assets/later-1.js', imports: ['_a.js'] },
  }
  const entry = '<script type="module" crossorigin src="/assets/index-1.js"></script>'
  expect([...findFirstLoad(html + entry, manifest)].toSorted()).toEqual(
    ['a', 'b', 'early', 'index'].map(name => `assets/${name}-1.js`),
  )
  expect([...findFirstLoad('<link rel="icon" href="/icon.svg">', manifest)]).toEqual([])
})

function sumSizes(scripts: readonly ScriptSize[], encoding: 'br' | 'gz'): number {
  return scripts.reduce((sum, script) => sum + script[encoding], 0)
}

async function build(folder: string): Promise<void> {
  const args = ['--bun', 'vite', 'build', '--manifest', '--emptyOutDir', '--outDir', folder, '--logLevel', 'error']
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: join(import.meta.dirname, '..'),
    // As it is shipped. Otherwise the environment of the tests is taken over, and what is for development stays in.
    env: { ...process.env, NODE_ENV: 'production' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: BUILD_TIMEOUT_MS,
  })
  const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) !== 0) throw new Error(`The build failed:\n${output.join('')}`)
}
