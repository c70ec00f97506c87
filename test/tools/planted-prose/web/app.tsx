export const App = () => (
  <main className="who is here">
    <h1>Who is talking</h1>
    <input placeholder="What you can not say" />
  </main>
);
