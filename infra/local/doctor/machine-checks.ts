import { join } from 'node:path'
import { isBuilt } from '../launch/ui-build.ts'
import { postgresAccount } from '../process/postgres-account.ts'
import { presentChromium } from '../programs/chromium.ts'
import { presentNatsServer } from '../programs/nats-server.ts'
import { isInstalled, OLDEST_BUN } from '../programs/packages.ts'
import type { Check, Finding } from './checks.ts'

/** What can be looked at before anything is installed: built-ins only, here and in all that this imports. */

const ROOT = join(import.meta.dirname, '..', '..', '..')
const OLDEST_NATS = '2.9.0'
export const ACCOUNT_ADVICE =
  'Postgres refuses root and users without a name, and neither unshare nor setpriv works here. ' +
  'Start the studio as an ordinary user, or set DATABASE_URL.'

export const BUN: Check = { what: 'Bun', look: lookAtBun }
export const PACKAGES: Check = { what: 'Packages', look: lookAtPackages }
export const INTERFACE: Check = { what: 'Interface', look: lookAtInterface }
export const USER: Check = { what: 'User', look: lookAtUser }
export const CHROMIUM: Check = { what: 'Chromium', look: lookAtChromium }

/** @param cacheDir where the studio keeps one that it has fetched */
export function natsProgram(cacheDir: string): Check {
  return { what: 'NATS', look: () => lookAtNats(cacheDir) }
}

function lookAtBun(): Finding {
  if (Bun.semver.satisfies(Bun.version, `>=${OLDEST_BUN}`)) return { mark: 'good', state: Bun.version }
  return { mark: 'wrong', state: Bun.version, advice: 'Use `npx -y bun@1.4 run start`, or install Bun 1.4.' }
}

function lookAtPackages(): Finding {
  if (isInstalled()) return { mark: 'good', state: 'installed, as bun.lock says' }
  return { mark: 'note', state: 'not installed', advice: '`bun start` installs them; that needs a network.' }
}

function lookAtInterface(): Finding {
  if (isBuilt(ROOT)) return { mark: 'good', state: 'built' }
  return { mark: 'note', state: 'not built, or changed since', advice: '`bun start` builds it.' }
}

function lookAtUser(): Finding {
  const account = postgresAccount()
  if (!account) return { mark: 'wrong', state: 'cannot run Postgres', advice: ACCOUNT_ADVICE }
  const [program] = account.prefix
  return { mark: 'good', state: program ? `Postgres runs as nobody, by ${program}` : 'Postgres runs as this user' }
}

function lookAtNats(cacheDir: string): Finding {
  const program = presentNatsServer(cacheDir)
  if (!program) {
    return { mark: 'note', state: 'nats-server is not here', advice: '`bun start` fetches it; that needs a network.' }
  }
  const version = /\d+\.\d+\.\d+/.exec(Bun.spawnSync([program, '--version']).stdout.toString())?.[0] ?? ''
  return natsNewEnough(version, `nats-server ${version}, ${program}`)
}

/** Whether a NATS of that version will do. */
export function natsNewEnough(version: string, state: string): Finding {
  if (Bun.semver.satisfies(version, `>=${OLDEST_NATS}`)) return { mark: 'good', state }
  return { mark: 'wrong', state, advice: `NATS ${OLDEST_NATS} or newer is needed.` }
}

function lookAtChromium(): Finding {
  const program = presentChromium()
  if (program) return { mark: 'good', state: program }
  return { mark: 'note', state: 'not here', advice: 'Only the browser tests need it: `apt-get install chromium`.' }
}
