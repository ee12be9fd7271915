import type { Usage } from '@darkroom/contracts/history/usage'
import { fetchFromStudio } from '../studio-fetch.ts'
import { listDays, type Month } from './month.ts'

const URL_LIFE_MS = 60_000

/** Reads the usage of a month by day, model and connection. @throws RejectedError, UnavailableError */
export async function fetchUsage(month: Month): Promise<Usage> {
  const response = await send(month, 'application/json')
  return (await response.json()) as Usage
}

/** Downloads the usage of a month as a CSV file. @throws RejectedError, UnavailableError */
export async function downloadUsage(month: Month): Promise<void> {
  const response = await send(month, 'text/csv')
  const url = URL.createObjectURL(await response.blob())
  const link = Object.assign(document.createElement('a'), { href: url, download: `usage-${month}.csv` })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), URL_LIFE_MS)
}

async function send(month: Month, accept: string): Promise<Response> {
  const query = new URLSearchParams({
    from: `${month}-01`,
    to: listDays(month).at(-1) ?? '',
    by: 'day,model,connection',
  })
  return await fetchFromStudio(`/api/usage?${query}`, { headers: { accept } })
}
