import { OPERATOR_PATHS } from '@darkroom/contracts/routes'

/** Returns the routes of an app, as `METHOD path`, without those for operators. */
export function listRoutes(app: { routes: readonly { method: string; path: string }[] }): string[] {
  const routes = app.routes.filter(({ path }) => !OPERATOR_PATHS.some(operatorPath => operatorPath === path))
  return [...new Set(routes.map(({ method, path }) => `${method} ${path}`))].sort()
}
