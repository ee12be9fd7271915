import { type NamedCheckResult, runChecks } from './doctor/checks.ts'
import {
  BUN_CHECK,
  CHROMIUM_CHECK,
  createNatsCheck,
  INTERFACE_CHECK,
  PACKAGES_CHECK,
  USER_CHECK,
} from './doctor/machine-checks.ts'
import { formatTable } from './doctor/table.ts'
import { isInstalled } from './programs/packages.ts'

/**
 * Runs `bun run doctor`: checks everything that a start needs and changes nothing. Before the packages are installed it runs
 * only the checks that need none, so this file and its imports may not import a package statically.
 *
 * @returns the exit code: 1 if something is wrong
 */
export async function main(): Promise<number> {
  const results = isInstalled()
    ? await runAllChecks()
    : await runChecks([BUN_CHECK, PACKAGES_CHECK, USER_CHECK, createNatsCheck('/'), CHROMIUM_CHECK])
  const failureCount = results.filter(({ status }) => status === 'wrong').length
  const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR
  process.stdout.write(`\n${formatTable(results, isColored)}\n\n  ${formatSummary(failureCount)}\n\n`)
  return failureCount === 0 ? 0 : 1
}

async function runAllChecks(): Promise<NamedCheckResult[]> {
  const { runStudioChecks } = await import('./doctor/studio-checks.ts')
  const [machine, studio] = await Promise.all([
    runChecks([BUN_CHECK, PACKAGES_CHECK, INTERFACE_CHECK]),
    runStudioChecks(process.env),
  ])
  return [...machine, ...studio, ...(await runChecks([CHROMIUM_CHECK]))]
}

function formatSummary(failureCount: number): string {
  if (failureCount > 0) return failureCount === 1 ? 'One thing is wrong.' : `${failureCount} things are wrong.`
  return isInstalled() ? 'A start has all that it needs.' : 'The rest is looked at once the packages are installed.'
}
