export { type Late, listener, type ListenerOptions, type Web } from './listener.ts'
export { serve, type ServeOptions, type Serving } from './serve.ts'
