// Servers as beginners write them in Java, each with one fault, or right by another way.
//
//     javac -d OUT Strange.java && java -cp OUT Strange KIND PORT
//
// KIND: readers (echo through character streams), lines (echo per line, with println),
// ten-threads (a pool of a fixed size), threads (a pool that grows, which is right).

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
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

    public static void main(String[] arguments) throws IOException {
        kind = arguments[0];
        ServerSocket listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new java.net.InetSocketAddress(
            InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1])), 64);
        ExecutorService pool = kind.equals("ten-threads")
            ? Executors.newFixedThreadPool(10) : Executors.newCachedThreadPool();
        while (true) {
            Socket client = listener.accept();
            pool.execute(() -> serve(client));
        }
    }
}
