/** Returns the settings that every studio under test has, whether the launcher runs it or a test stack. */
export function createTestEnv({ dataDir, port }: { dataDir: string; port: number }): Record<string, string> {
  return { DATA_DIR: dataDir, PORT: String(port), NODE_ENV: 'test', LOG_LEVEL: 'warn' }
}
