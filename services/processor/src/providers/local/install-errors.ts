import { ProviderError } from '../adapter.ts'

/** Size of the packages on the disk, in MB. */
const INSTALLED_MB = 71

const REASONS: readonly { pattern: RegExp; message: string }[] = [
  {
    pattern: /ENOSPC|no space left/i,
    message: `The disk is full: upscaling on this machine needs ${INSTALLED_MB} MB. Free some space, then check again.`,
  },
  {
    pattern: /EACCES|EPERM|EROFS|AccessDenied|permission denied/i,
    message: 'The data folder of the studio cannot be written. Change its owner or its rights, then check again.',
  },
  {
    pattern: /\b(401|403)\b/,
    message: 'The package registry does not let this machine in. See the registry of your npm configuration.',
  },
  {
    pattern: /\b404\b|minimum.?release.?age/i,
    message: 'The package registry does not have the packages. See the registry of your npm configuration.',
  },
  {
    pattern: /integrity/i,
    message:
      'A package arrived changed, so it was not installed. Check again; see your proxy or registry if it goes on.',
  },
  {
    pattern:
      /DNS|ENOTFOUND|Connection|ECONN|Socket|Network|Timeout|timed out|Unable to connect|certificate|SIGKILL|failed to (download|resolve)/i,
    message:
      'The packages could not be downloaded, because the registry was not reached. Connect this machine, then check again.',
  },
]

const UNKNOWN = 'The packages could not be installed. The log of the processor says why.'

/** Maps an error of an installation to one for users. */
export function createInstallError(cause: unknown): ProviderError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const message = REASONS.find(({ pattern }) => pattern.test(text))?.message ?? UNKNOWN
  return new ProviderError('provider_failed', { message, failure: 'retryable', cause })
}
