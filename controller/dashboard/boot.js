// The frame of the page is painted before the rest of it is begun: a person sees that something comes.
requestAnimationFrame(() => setTimeout(() => import('./app.js')))
