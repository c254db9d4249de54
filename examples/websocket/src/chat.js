const lines = document.querySelector("#lines");
const form = document.querySelector("#say");
let socket;

function connect() {
  let wasOpen = false;
  socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/chat`);
  socket.onopen = () => (wasOpen = true);
  socket.onmessage = ({ data }) => lines.append(Object.assign(document.createElement("li"), { textContent: data }));
  // 1008: logged out, so the page is the one to log in. A socket that never opened may have been
  // refused for that, too, and the page knows. Anything else passes.
  socket.onclose = ({ code }) =>
    code === 1008 ? location.reload() : setTimeout(wasOpen ? connect : () => location.reload(), 2000);
}

form.onsubmit = (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(form.text.value);
  form.reset();
};

connect();
