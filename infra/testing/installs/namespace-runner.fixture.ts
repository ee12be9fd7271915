import { join } from 'node:path'
import { generateImage } from './generate-image.ts'
import { startLauncher } from './launcher.ts'

/**
 * Runs a studio from inside namespaces that other processes cannot reach: generates an image and then, with the argument `fill`,
 * fills the disk and waits for the launcher's end. It prints the launcher's output.
 */

const FILLER_BYTES = 150 * 1024 * 1024

const printLine = (line: string) => process.stdout.write(`${line}\n`)
const { DATA_DIR = '' } = process.env
const env = { ...(process.env as Record<string, string>), DARKROOM_PARENT_PID: String(process.pid) }
const launcher = startLauncher({ env, onLine: printLine })
printLine(`drawn: ${await generateImage(await launcher.url)}`)
const shouldFillDisk = process.argv.includes('fill')
if (shouldFillDisk) await Bun.write(join(DATA_DIR, 'film'), new Uint8Array(FILLER_BYTES))
process.exit(shouldFillDisk ? await launcher.exited : await launcher.stop())
