import { runCommand } from '../process/command.ts'
import { PartError } from '../process/server-process.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const INSTALL_MS = 600_000

/**
 * A Chromium: the one on the PATH, else Debian's, which is installed if this is root. Unlike nats-server it is a hundred
 * packages, so it cannot be unpacked on the side.
 *
 * @returns where the program is
 * @throws PartError with the way to get it
 */
export async function findChromium(options: { signal: AbortSignal; say: (line: string) => void }): Promise<string> {
  const present = presentChromium()
  if (present) return present
  const { signal, say } = options
  try {
    if (process.getuid?.() !== 0) throw new Error('only root can install it')
    say('Installing Chromium …')
    await runCommand(['apt-get', 'update'], { signal, milliseconds: INSTALL_MS })
    const install = ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium']
    await runCommand(install, { signal, milliseconds: INSTALL_MS })
  } catch (cause) {
    signal.throwIfAborted()
    throw new PartError('The browser tests need Chromium: have `apt-get install chromium` run by root.', { cause })
  }
  const installed = presentChromium()
  if (installed) return installed
  throw new PartError('Chromium was installed but is not on the PATH.')
}

/** The Chromium that is there, if one is. */
export function presentChromium(): string | undefined {
  return NAMES.map(name => Bun.which(name)).find(path => path !== null) ?? undefined
}
