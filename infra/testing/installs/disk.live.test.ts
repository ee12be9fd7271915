import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { findFreePort } from '../../local/process/free-ports.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { CAN_CREATE_SANDBOXES, createSandbox, type Sandbox } from './sandbox.ts'

const sandboxTest = test.skipIf(!CAN_CREATE_SANDBOXES)
/** Runs a check of the disk when the launcher has ended, because the disk disappears with the namespace. */
const LIST_FILES_AT_EXIT = ['/bin/sh', '-c', '"$@"; code=$?; find "$DATA_DIR" -type f; exit $code', 'sh']

/** Starts a studio whose data is on a disk of the given size in MB. */
async function start(
  sandbox: Sandbox,
  megabytes: number,
  options: { userPrefix?: string[]; run?: string[] } = {},
): Promise<Launcher> {
  const env = { DATA_DIR: diskPath(sandbox), PORT: String(await findFreePort()) }
  const setup = `mkdir "$DATA_DIR"; mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$DATA_DIR"`
  const { userPrefix = [], ...run } = options
  return startLauncher({ ...sandbox.launcherOptions({ env, setup, userPrefix }), ...run })
}

function diskPath(sandbox: Sandbox): string {
  return join(sandbox.home, 'disk')
}

sandboxTest(
  'refuses a disk that is nearly full, in one sentence, and starts nothing (needs root or user namespaces)',
  async () => {
    await using sandbox = await createSandbox()
    await using launcher = await start(sandbox, 255, { userPrefix: LIST_FILES_AT_EXIT })
    expect(await launcher.exited).toBe(1)
    const disk = diskPath(sandbox)
    const sentence = `Only 255 MB are free where Darkroom keeps its data (${disk}), and it needs 256 MB. Make room, or set DATA_DIR to a folder on another disk, where a new studio begins.`
    expect(launcher.lines.filter(line => line !== '')).toEqual([sentence, `${disk}/lock`])
  },
)

sandboxTest(
  'only reads while the disk is nearly full, and goes on when there is room (needs root or user namespaces)',
  async () => {
    await using sandbox = await createSandbox()
    const disk = diskPath(sandbox)
    await using launcher = await start(sandbox, 700, {
      run: ['infra/testing/installs/namespace-runner.fixture.ts', 'fill'],
    })
    expect({ code: await launcher.exited, lines: launcher.lines }).toMatchObject({ code: 0 })
    expect(launcher.lines).toContain(`  Only 700 MB are free in ${disk}: make room soon.`)
    expect(launcher.lines).toContainEqual(expect.stringMatching(/^drawn: \/media\//))
    expect(launcher.lines).toContainEqual(
      expect.stringMatching(
        /^ {2}Only \d\d MB are free in .*: what is made can be looked at, and nothing is changed until/,
      ),
    )
    expect(launcher.lines).toContain('refused: disk_full, disk_full, disk_full, disk_full')
    expect(launcher.lines).toContain('read: 200, image served: true')
    expect(launcher.lines).toContainEqual(expect.stringMatching(/^drawn again: \/media\//))
    expect(launcher.lines.filter(line => line.includes('ended'))).toEqual([])
  },
)
