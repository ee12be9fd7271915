import { readConfig } from '../src/config.ts'
import { formatAdminVerifier } from '../src/http/admin-verifier.ts'

/** `bun run admin-verifier`: prints the `ADMIN_VERIFIER` of `INTERNAL_API_SECRET`, for a query service without `bun start`. */

try {
  const { INTERNAL_API_SECRET } = readConfig()
  if (INTERNAL_API_SECRET === undefined) throw new Error('Give INTERNAL_API_SECRET.')
  process.stdout.write(`${formatAdminVerifier(INTERNAL_API_SECRET)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
