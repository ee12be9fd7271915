import { beforeAll, expect, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildUi } from '../../local/launch/ui-build.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { createTestDirectory } from '../test-resources.ts'
import { generateImage, isUiServed } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { findProcesses } from './processes.ts'
import { CAN_CREATE_SANDBOXES, createSandbox } from './sandbox.ts'

const BUILD_MS = 180_000
const CLONE = join(import.meta.dirname, '..', '..', '..')
const sandboxTest = test.skipIf(!CAN_CREATE_SANDBOXES)

// A build needs a writable clone, and a network for its packages.
beforeAll(async () => {
  await buildUi({
    root: CLONE,
    env: { PATH: process.env.PATH ?? '' },
    signal: AbortSignal.timeout(BUILD_MS),
    onMessage: () => {},
  })
})

function startInDirectory(dataDir: string, port: number): Launcher {
  return startLauncher({ env: { PATH: process.env.PATH ?? '', HOME: dataDir, DATA_DIR: dataDir, PORT: String(port) } })
}

test('runs twice at once with separate data although the port is taken: each finds a free port and reports it', async () => {
  await using first = await createTestDirectory()
  await using second = await createTestDirectory()
  const otherServer = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('somebody else') })
  const port = otherServer.port ?? 0
  await using one = startInDirectory(first.path, port)
  await using other = startInDirectory(second.path, port)
  const urls = await Promise.all([one.url, other.url])
  expect(new Set([...urls, `http://localhost:${port}`]).size).toBe(3)
  for (const [at, { lines }] of [one, other].entries()) {
    expect(lines).toContain(`  Port ${port} is taken: this studio is at ${new URL(urls[at] ?? '').port}.`)
  }
  await Promise.all(urls.map(generateImage))
  expect(await Promise.all([one.stop(), other.stop()])).toEqual([0, 0])
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('somebody else')
  await otherServer.stop(true)
})

sandboxTest(
  'writes to DATA_DIR alone from a read-only clone whose interface build is outdated, on a read-only machine (needs root or user namespaces)',
  async () => {
    await using sandbox = await createSandbox()
    const dataDir = join(sandbox.home, 'data')
    const setup = `
      mkdir "$DATA_DIR"
      mount --bind "$DATA_DIR" "$DATA_DIR"
      : > "$HOME/page"
      mount --bind "$HOME/page" "$CLONE/frontend/index.html"
      mount -o remount,ro,bind "$CLONE"
      mount -o remount,ro,bind /
      for folder in "$CLONE" "$HOME"; do if (: > "$folder/written") 2> /dev/null; then exit 9; fi; done`
    const env = { DATA_DIR: dataDir, PORT: String(await findFreePort()) }
    await using launcher = startLauncher(sandbox.launcherOptions({ env, setup }))
    await generateImage(await launcher.url)
    expect(await isUiServed(await launcher.url)).toBe(true)
    expect(await launcher.stop()).toBe(0)
    expect(await findProcesses(dataDir)).toEqual([])
    expect((await readdir(sandbox.home)).sort()).toEqual(['bin', 'clone', 'data', 'page'])
  },
)

sandboxTest('runs without a network once it is installed (needs root or user namespaces)', async () => {
  await using sandbox = await createSandbox()
  const setup = 'if ip route get 192.0.2.1 2> /dev/null; then exit 9; fi'
  const inside = { run: ['infra/testing/installs/namespace-runner.fixture.ts'] }
  await using launcher = startLauncher({
    ...sandbox.launcherOptions({ env: { PORT: '3000' }, setup, network: false }),
    ...inside,
  })
  expect(await launcher.exited).toBe(0)
  expect(launcher.lines).toContainEqual(expect.stringMatching(/^drawn: \/media\//))
  expect(await findProcesses(sandbox.home)).toEqual([])
})
