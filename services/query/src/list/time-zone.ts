import { ProblemError } from '@darkroom/infra/http/problem'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { z } from 'zod'

/** Query parameter that names the time zone of days. @see https://www.iana.org/time-zones */
export const TimeZone = z.string().regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, 'is not the name of a time zone')
/** The time zone of days unless a request names one. */
export const DEFAULT_TIME_ZONE = 'UTC'

const INVALID_PARAMETER = '22023'

/**
 * Runs statements that name a time zone of a request.
 *
 * @throws ProblemError `invalid` for a time zone that the database does not know
 */
export async function checkTimeZone<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (readErrorCode(error) !== INVALID_PARAMETER) throw error
    throw new ProblemError('invalid', 'zone is not a time zone that is known here.', { cause: error })
  }
}
