import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { freePort } from '../../local/process/free-ports.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { CAN_MAKE_ROOMS, makeRoom, type Room } from './sandbox.ts'

const LIMIT_MS = 240_000
const roomTest = test.skipIf(!CAN_MAKE_ROOMS)
/** Has the disk looked at when the launcher is gone: what is on it goes with the namespace. */
const LOOK = ['/bin/sh', '-c', '"$@"; code=$?; find "$DATA_DIR" -type f; exit $code', 'sh']

/** A studio whose data is on a disk of so many megabytes. */
async function start(
  room: Room,
  megabytes: number,
  options: { as?: string[]; run?: string[] } = {},
): Promise<Launcher> {
  const env = { DATA_DIR: diskIn(room), PORT: String(await freePort()) }
  const setup = `mkdir "$DATA_DIR"; mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$DATA_DIR"`
  const { as = [], ...run } = options
  return startLauncher({ ...room.launcher({ env, setup, as }), ...run })
}

function diskIn(room: Room): string {
  return join(room.home, 'disk')
}

roomTest(
  'on a disk that is nearly full: one sentence, and nothing is begun (needs root or user namespaces)',
  async () => {
    await using room = await makeRoom()
    await using launcher = await start(room, 255, { as: LOOK })
    expect(await launcher.ended).toBe(1)
    const disk = diskIn(room)
    const sentence = `Only 255 MB are free where Darkroom keeps its data (${disk}), and it needs 256 MB. Make room, or set DATA_DIR to a folder on another disk.`
    expect(launcher.lines.filter(line => line !== '')).toEqual([sentence, `${disk}/lock`])
  },
  LIMIT_MS,
)

roomTest(
  'on a disk with little room, which then fills up: it works, and stops in order before the end (needs root or user namespaces)',
  async () => {
    await using room = await makeRoom()
    const disk = diskIn(room)
    await using launcher = await start(room, 257, {
      run: ['infra/testing/installs/namespace-runner.fixture.ts', 'fill'],
    })
    expect(await launcher.ended).toBe(1)
    expect(launcher.lines).toContain(`  Only 257 MB are free in ${disk}: make room soon.`)
    expect(launcher.lines).toContainEqual(expect.stringMatching(/^drawn: \/media\//))
    expect(launcher.lines.at(-1)).toMatch(
      /^Only \d\d MB are free in .*: Darkroom has stopped in time\. Make room, then/,
    )
    expect(launcher.lines.filter(line => line.includes('ended'))).toEqual([])
  },
  LIMIT_MS,
)
