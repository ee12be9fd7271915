import { type Found, lookAt } from './doctor/checks.ts'
import { BUN, CHROMIUM, INTERFACE, natsProgram, PACKAGES, USER } from './doctor/machine-checks.ts'
import { tableOf } from './doctor/table.ts'
import { isInstalled } from './programs/packages.ts'

/**
 * `bun run doctor`: looks at everything that a start needs and changes nothing. Before the packages are installed it looks at
 * what can be looked at without them, so nothing that this file imports may need one.
 *
 * @returns the exit code: 1 if something is wrong
 */
export async function main(): Promise<number> {
  const found = isInstalled() ? await lookAtAll() : await lookAt([BUN, PACKAGES, USER, natsProgram('/'), CHROMIUM])
  const wrong = found.filter(({ mark }) => mark === 'wrong').length
  const colour = process.stdout.isTTY === true && !process.env.NO_COLOR
  process.stdout.write(`\n${tableOf(found, colour)}\n\n  ${summary(wrong)}\n\n`)
  return wrong === 0 ? 0 : 1
}

async function lookAtAll(): Promise<Found[]> {
  const { lookAtStudio } = await import('./doctor/studio-checks.ts')
  const [machine, studio] = await Promise.all([lookAt([BUN, PACKAGES, INTERFACE]), lookAtStudio(process.env)])
  return [...machine, ...studio, ...(await lookAt([CHROMIUM]))]
}

function summary(wrong: number): string {
  if (wrong > 0) return wrong === 1 ? 'One thing is wrong.' : `${wrong} things are wrong.`
  return isInstalled() ? 'A start has all that it needs.' : 'The rest is looked at once the packages are installed.'
}
