/** The header by which every request names the version of the API that it was written for [S]. */
export const VERSION_HEADERS: Readonly<Record<string, string>> = { 'x-runway-version': '2024-11-06' }
