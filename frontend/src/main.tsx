import './styles/tokens.css'
import './styles/page.css'
import './styles/feed.css'
import './styles/picture.css'
import './styles/progress.css'
import './styles/composer.css'
import './styles/attachments.css'
import './styles/settings.css'
import './styles/composer-phone.css'
import './styles/lightbox.css'
import { render } from 'solid-js/web'
import { createApi } from './api.ts'
import { createClock } from './clock.ts'
import { createLibrary } from './library.ts'
import { Page } from './page.tsx'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no place for the studio.')

// The feed decides where it opens, not the browser's memory of an older layout.
history.scrollRestoration = 'manual'
const clock = createClock()
const api = createApi({ origin: location.origin, clock })
const library = createLibrary(api)
const openEvents = () => new EventSource('/api/events')
render(() => <Page api={api} library={library} clock={clock} openEvents={openEvents} />, root)
