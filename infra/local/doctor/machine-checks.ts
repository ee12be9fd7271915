import { isUiBuilt } from '../launch/ui-build.ts'
import { findPostgresAccount } from '../process/postgres-account.ts'
import { findInstalledChromium } from '../programs/chromium.ts'
import { findInstalledNatsServer } from '../programs/nats-server.ts'
import { isInstalled, MIN_BUN_VERSION } from '../programs/packages.ts'
import { ROOT } from '../root.ts'
import type { Check, CheckResult } from './checks.ts'

/** Checks that run before anything is installed. They import built-ins only, directly and indirectly. */

const MIN_NATS_VERSION = '2.9.0'
export const ACCOUNT_ADVICE =
  'Postgres refuses root and users without a name, and neither unshare nor setpriv works here. ' +
  'Start the studio as an ordinary user, or set DATABASE_URL.'

export const BUN_CHECK: Check = { name: 'Bun', run: checkBun }
export const PACKAGES_CHECK: Check = { name: 'Packages', run: checkPackages }
export const INTERFACE_CHECK: Check = { name: 'Interface', run: checkInterface }
export const USER_CHECK: Check = { name: 'User', run: checkUser }
export const CHROMIUM_CHECK: Check = { name: 'Chromium', run: checkChromium }

/** @param cacheDir folder of a nats-server that the studio downloaded */
export function createNatsCheck(cacheDir: string): Check {
  return { name: 'NATS', run: () => checkNats(cacheDir) }
}

function checkBun(): CheckResult {
  if (Bun.semver.satisfies(Bun.version, `>=${MIN_BUN_VERSION}`)) return { status: 'good', detail: Bun.version }
  return { status: 'wrong', detail: Bun.version, advice: 'Use `npx -y bun@1.4 run start`, or install Bun 1.4.' }
}

function checkPackages(): CheckResult {
  if (isInstalled()) return { status: 'good', detail: 'installed, as bun.lock says' }
  return { status: 'note', detail: 'not installed', advice: '`bun start` installs them; that needs a network.' }
}

function checkInterface(): CheckResult {
  if (isUiBuilt(ROOT)) return { status: 'good', detail: 'built' }
  return { status: 'note', detail: 'not built, or changed since', advice: '`bun start` builds it.' }
}

function checkUser(): CheckResult {
  const account = findPostgresAccount()
  if (!account) return { status: 'wrong', detail: 'cannot run Postgres', advice: ACCOUNT_ADVICE }
  const [program] = account.commandPrefix
  return { status: 'good', detail: program ? `Postgres runs as nobody, by ${program}` : 'Postgres runs as this user' }
}

function checkNats(cacheDir: string): CheckResult {
  const program = findInstalledNatsServer(cacheDir)
  if (!program) {
    return {
      status: 'note',
      detail: 'nats-server is not here',
      advice: '`bun start` fetches it; that needs a network.',
    }
  }
  const version = /\d+\.\d+\.\d+/.exec(Bun.spawnSync([program, '--version']).stdout.toString())?.[0] ?? ''
  return checkNatsVersion(version, `nats-server ${version}, ${program}`)
}

/** Checks that a NATS version is new enough. */
export function checkNatsVersion(version: string, detail: string): CheckResult {
  if (Bun.semver.satisfies(version, `>=${MIN_NATS_VERSION}`)) return { status: 'good', detail }
  return { status: 'wrong', detail, advice: `NATS ${MIN_NATS_VERSION} or newer is needed.` }
}

function checkChromium(): CheckResult {
  const program = findInstalledChromium()
  if (program) return { status: 'good', detail: program }
  return { status: 'note', detail: 'not here', advice: 'Only the browser tests need it: `apt-get install chromium`.' }
}
