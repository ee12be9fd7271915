/** Test files that one process runs after another. */
export type TestFiles = readonly string[]

/** One unit of work of the suite: processes that run one after the other, beside those of other units. */
export type TestSequence = readonly TestFiles[]

/**
 * Folders whose tests share a process, and with it one Postgres. A file belongs to the first of them that it is in. The longest run is
 * first, so that none of them begins while everything else has already ended.
 */
const SHARED_PROCESS_FOLDERS = [
  './services/processor/',
  './infra/local/',
  './infra/testing/installs/',
  './services/',
  './infra/testing/studio/',
  './infra/src/',
  './',
]

/** Fault tests that take longest, by the beginning of their names. They begin first, for the same reason. */
const LONGEST_FAULTS = ['answers', 'processor', 'bus', 'ingest', 'provider', 'invoice']

/**
 * Splits the test files into stages, which run one after the other, and each stage into what may run side by side. The tests of several
 * hosts measure how long a user waits: nothing else runs beside them.
 *
 * @param files paths from the root of the clone, with a leading `./`
 */
export function planStages(files: readonly string[]): TestSequence[][] {
  const others = files.filter(file => !isClusterTest(file))
  return [planTests(others), planTests(files.filter(isClusterTest))]
}

/**
 * Splits test files into what may run side by side. The browser tests are one sequence, and the first: each needs a whole studio and
 * a browser, and two browsers at once would leave too little of a small machine to either.
 */
function planTests(files: readonly string[]): TestSequence[] {
  const browserFiles = files.filter(isBrowserTest)
  const faultFiles = files.filter(file => file.endsWith('.faults.ts'))
  const unitFiles = files.filter(file => file.endsWith('.test.ts'))
  return [
    browserFiles.map(file => [file]),
    ...groupByFolder(unitFiles).map(group => [group]),
    ...sortByDuration(faultFiles).map(file => [[file]]),
  ].filter(sequence => sequence.length > 0)
}

/** Returns whether a test file needs network namespaces. */
export function isClusterTest(file: string): boolean {
  return file.startsWith('./infra/faults/cluster/')
}

/** Returns whether a test file needs a browser. */
export function isBrowserTest(file: string): boolean {
  return file.endsWith('.browser.ts')
}

function groupByFolder(files: readonly string[]): string[][] {
  const findFolder = (file: string) => SHARED_PROCESS_FOLDERS.find(folder => file.startsWith(folder))
  const groups = SHARED_PROCESS_FOLDERS.map(folder => files.filter(file => findFolder(file) === folder))
  return groups.filter(group => group.length > 0)
}

function sortByDuration(files: readonly string[]): string[] {
  const rank = (file: string) => {
    const found = LONGEST_FAULTS.findIndex(name => file.includes(`/${name}`))
    return found < 0 ? LONGEST_FAULTS.length : found
  }
  return files.toSorted((a, b) => rank(a) - rank(b))
}
