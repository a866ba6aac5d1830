// Servers as beginners write them in Java: each has one fault, or is correct but unusual.
//
//     javac -d OUT Strange.java && java -cp OUT Strange KIND PORT
//
// KIND: readers (echo through character streams), lines (echo per line, with println),
// ten-threads (a pool of a fixed size), threads (a pool that grows, which is correct),
// selector (one thread with java.nio; closes at the client's FIN and loses unsent data).

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public final class Strange {
    private static String kind;

    private static void serve(Socket client) {
        try (client) {
            switch (kind) {
                case "readers" -> readers(client);
                case "lines" -> lines(client);
                default -> bytes(client);
            }
        } catch (IOException error) {
            // The client has gone.
        }
    }

    private static void bytes(Socket client) throws IOException {
        InputStream in = client.getInputStream();
        byte[] data = new byte[8192];
        for (int got; (got = in.read(data)) > 0; ) {
            client.getOutputStream().write(data, 0, got);
        }
    }

    private static void readers(Socket client) throws IOException {
        Reader in = new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8);
        Writer out = new OutputStreamWriter(client.getOutputStream(), StandardCharsets.UTF_8);
        char[] data = new char[8192];
        for (int got; (got = in.read(data)) > 0; ) {
            out.write(data, 0, got);
            out.flush();
        }
    }

    private static void lines(Socket client) throws IOException {
        BufferedReader in = new BufferedReader(
            new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
        PrintWriter out = new PrintWriter(client.getOutputStream(), true, StandardCharsets.ISO_8859_1);
        for (String line; (line = in.readLine()) != null; ) {
            out.println(line);
        }
    }

    private static void select(int port) throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 64);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        while (true) {
            selector.select();
            for (Iterator<SelectionKey> ready = selector.selectedKeys().iterator(); ready.hasNext(); ) {
                SelectionKey key = ready.next();
                ready.remove();
                if (key.isAcceptable()) {
                    SocketChannel client = listener.accept();
                    client.configureBlocking(false);
                    client.register(selector, SelectionKey.OP_READ, ByteBuffer.allocate(1 << 20));
                    continue;
                }
                try {
                    move(key);
                } catch (IOException error) {
                    key.channel().close(); // The client has gone.
                }
            }
        }
    }

    private static void move(SelectionKey key) throws IOException {
        SocketChannel client = (SocketChannel) key.channel();
        ByteBuffer waiting = (ByteBuffer) key.attachment();
        if (key.isReadable() && client.read(waiting) < 0) {
            client.close();
            return;
        }
        waiting.flip();
        client.write(waiting);
        waiting.compact();
        key.interestOps((waiting.hasRemaining() ? SelectionKey.OP_READ : 0)
            | (waiting.position() > 0 ? SelectionKey.OP_WRITE : 0));
    }

    public static void main(String[] arguments) throws IOException {
        kind = arguments[0];
        if (kind.equals("selector")) {
            select(Integer.parseInt(arguments[1]));
        }
        ServerSocket listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(
            InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1])), 64);
        ExecutorService pool = kind.equals("ten-threads")
            ? Executors.newFixedThreadPool(10) : Executors.newCachedThreadPool();
        while (true) {
            Socket client = listener.accept();
            pool.execute(() -> serve(client));
        }
    }
}
