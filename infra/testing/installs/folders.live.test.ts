import { beforeAll, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildUi } from '../../local/launch/ui-build.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { testDirectory } from '../test-resources.ts'
import { draw, hasInterface } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { processesOf } from './processes.ts'
import { CAN_MAKE_ROOMS, makeRoom } from './sandbox.ts'

const LIMIT_MS = 240_000
const BUILD_MS = 180_000
const CLONE = join(import.meta.dirname, '..', '..', '..')
const roomTest = test.skipIf(!CAN_MAKE_ROOMS)

// Nobody can build in a clone that is read-only, or fetch what a build needs without a network.
beforeAll(async () => {
  await buildUi({
    root: CLONE,
    env: { PATH: process.env.PATH ?? '' },
    signal: AbortSignal.timeout(BUILD_MS),
    say: () => {},
  })
}, BUILD_MS)

function startHere(dataDir: string, port: number): Launcher {
  return startLauncher({ env: { PATH: process.env.PATH ?? '', HOME: dataDir, DATA_DIR: dataDir, PORT: String(port) } })
}

test(
  'twice at once with other data, on a port that somebody else has: each finds one of its own and says so',
  async () => {
    await using first = await testDirectory()
    await using second = await testDirectory()
    const stranger = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('somebody else') })
    const port = stranger.port ?? 0
    await using one = startHere(first.path, port)
    await using other = startHere(second.path, port)
    const urls = await Promise.all([one.open, other.open])
    expect(new Set([...urls, `http://localhost:${port}`]).size).toBe(3)
    for (const [at, { lines }] of [one, other].entries()) {
      expect(lines).toContain(`  Port ${port} is taken: this studio is at ${new URL(urls[at] ?? '').port}.`)
    }
    await Promise.all(urls.map(draw))
    expect(await Promise.all([one.stop(), other.stop()])).toEqual([0, 0])
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('somebody else')
    await stranger.stop(true)
  },
  LIMIT_MS,
)

roomTest(
  'from a read-only clone, changed since its interface was built, on a read-only machine: only DATA_DIR is written (needs root or user namespaces)',
  async () => {
    await using room = await makeRoom()
    const dataDir = join(room.home, 'data')
    const setup = `
      mkdir "$DATA_DIR"
      mount --bind "$DATA_DIR" "$DATA_DIR"
      : > "$HOME/page"
      mount --bind "$HOME/page" "$CLONE/frontend/index.html"
      mount -o remount,ro,bind "$CLONE"
      mount -o remount,ro,bind /
      for place in "$CLONE" "$HOME"; do if (: > "$place/written") 2> /dev/null; then exit 9; fi; done`
    const env = { DATA_DIR: dataDir, PORT: String(await freePort()) }
    await using launcher = startLauncher(room.launcher({ env, setup }))
    await draw(await launcher.open)
    expect(await hasInterface(await launcher.open)).toBe(true)
    expect(await launcher.stop()).toBe(0)
    expect(await processesOf(dataDir)).toEqual([])
    expect((await readdir(room.home)).sort()).toEqual(['bin', 'clone', 'data', 'page'])
  },
  LIMIT_MS,
)

roomTest(
  'without a network, once it is installed (needs root or user namespaces)',
  async () => {
    await using room = await makeRoom()
    const setup = 'if ip route get 192.0.2.1 2> /dev/null; then exit 9; fi'
    const inside = { run: ['infra/testing/installs/namespace-runner.fixture.ts'] }
    await using launcher = startLauncher({
      ...room.launcher({ env: { PORT: '3000' }, setup, network: false }),
      ...inside,
    })
    expect(await launcher.ended).toBe(0)
    expect(launcher.lines).toContainEqual(expect.stringMatching(/^drawn: \/media\//))
    expect(await processesOf(room.home)).toEqual([])
  },
  LIMIT_MS,
)
