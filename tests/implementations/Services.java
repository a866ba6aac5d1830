// Correct servers in Java, written for the suite to judge: a thread for each client.
//
//     javac -d OUT Services.java && java -cp OUT Services PROFILE PORT
//
// Profiles: echo, greet, half-open, reset, quit, hello, discard.

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

public class Services {
    interface Service {
        void serve(Socket client, InputStream in, OutputStream out) throws IOException;
    }

    static final Map<String, Service> SERVICES = Map.of(
        "echo", (client, in, out) -> in.transferTo(out),
        "discard", (client, in, out) -> in.transferTo(OutputStream.nullOutputStream()),
        "hello", Services::hello,
        "quit", Services::quit,
        "half-open", Services::halfOpen,
        "reset", Services::reset,
        "greet", Services::greet);

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static void hello(Socket client, InputStream in, OutputStream out) throws IOException {
        byte[] data = new byte[65536];
        while (in.read(data) >= 0) {
            out.write(bytes("Hello World form the server!"));
        }
    }

    static void quit(Socket client, InputStream in, OutputStream out) throws IOException {
        out.write(bytes("Hello from the server!\n"));
        byte[] data = new byte[65536];
        int got;
        while ((got = in.read(data)) >= 0) {
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            for (int i = 0; i < got; i++) {
                boolean lower = data[i] >= 'a' && data[i] <= 'z';
                answer.write(lower ? data[i] - 32 : data[i]);
            }
            answer.write(bytes("QUIT"));
            out.write(answer.toByteArray());
        }
    }

    static void halfOpen(Socket client, InputStream in, OutputStream out) throws IOException {
        long count = in.transferTo(OutputStream.nullOutputStream());
        out.write(bytes("received " + count + " bytes\n"));
    }

    static void reset(Socket client, InputStream raw, OutputStream out) throws IOException {
        InputStream in = new BufferedInputStream(raw);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0) {
            line.write(next);
            if (next == '\n') {
                String text = line.toString(StandardCharsets.ISO_8859_1);
                if (text.equals("RESET\n") || text.equals("RESET\r\n")) {
                    client.setSoLinger(true, 0);
                    client.close();
                    return;
                }
                out.write(line.toByteArray());
                line.reset();
            }
        }
        out.write(line.toByteArray());
    }

    static void greet(Socket client, InputStream in, OutputStream out) throws IOException {
        out.write(bytes("Hello! I am TCP server\n"));
        long until = System.nanoTime() + 300_000_000L;
        byte[] data = new byte[65536];
        long left;
        while ((left = (until - System.nanoTime()) / 1_000_000) > 0) {
            client.setSoTimeout((int) left);
            try {
                if (in.read(data) < 0) {
                    Thread.sleep(Math.max(0, (until - System.nanoTime()) / 1_000_000));
                    break;
                }
            } catch (SocketTimeoutException over) {
                break;
            } catch (InterruptedException never) {
                return;
            }
        }
        out.write(bytes("Good bye!\n\n\n"));
        client.shutdownOutput();
        client.setSoTimeout(0);
        in.transferTo(OutputStream.nullOutputStream());
    }

    static void serve(Service service, Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            service.serve(client, client.getInputStream(), client.getOutputStream());
        } catch (IOException gone) {
            // The client has reset the connection; the other threads continue.
        }
    }

    public static void main(String[] words) throws IOException {
        Service service = SERVICES.get(words[0]);
        try (ServerSocket listener = new ServerSocket()) {
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"),
                Integer.parseInt(words[1])), 128);
            while (true) {
                Socket client;
                try {
                    client = listener.accept();
                } catch (IOException resetBeforeAccepted) {
                    continue;
                }
                Thread thread = new Thread(() -> serve(service, client));
                thread.setDaemon(true);
                thread.start();
            }
        }
    }
}
