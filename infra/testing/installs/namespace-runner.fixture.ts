import { join } from 'node:path'
import { draw } from './generate-image.ts'
import { startLauncher } from './launcher.ts'

/**
 * Runs a studio and uses it, from inside namespaces that nobody else can reach into: makes a picture, and then, with the
 * argument `fill`, fills the disk up and stays to the end. It prints what the launcher prints.
 */

const FILM_BYTES = 150 * 1024 * 1024

const say = (line: string) => process.stdout.write(`${line}\n`)
const { DATA_DIR = '' } = process.env
const env = { ...(process.env as Record<string, string>), DARKROOM_PARENT_PID: String(process.pid) }
const launcher = startLauncher({ env, hear: say })
say(`drawn: ${await draw(await launcher.open)}`)
const isToFill = process.argv.includes('fill')
if (isToFill) await Bun.write(join(DATA_DIR, 'film'), new Uint8Array(FILM_BYTES))
process.exit(isToFill ? await launcher.ended : await launcher.stop())
