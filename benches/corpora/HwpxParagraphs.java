import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.StringJoiner;
import kr.dogfoot.hwpxlib.object.HWPXFile;
import kr.dogfoot.hwpxlib.object.common.ObjectType;
import kr.dogfoot.hwpxlib.object.content.section_xml.paragraph.Para;
import kr.dogfoot.hwpxlib.object.content.section_xml.paragraph.Run;
import kr.dogfoot.hwpxlib.object.content.section_xml.paragraph.RunItem;
import kr.dogfoot.hwpxlib.reader.HWPXReader;
import kr.dogfoot.hwpxlib.tool.finder.ObjectFinder;
import kr.dogfoot.hwpxlib.tool.textextractor.TextExtractMethod;
import kr.dogfoot.hwpxlib.tool.textextractor.TextExtractor;
import kr.dogfoot.hwpxlib.tool.textextractor.TextMarks;

/**
 * HWPX files as hwpxlib reads them: for each path a line of JSON with the text of each paragraph,
 * in headers, notes and tables too, and the document's text; or with the error.
 */
public class HwpxParagraphs {
    private static final TextMarks MARKS = new TextMarks().paraSeparatorAnd("\n").lineBreakAnd("\n").tabAnd("\t");
    private static final TextExtractMethod METHOD = TextExtractMethod.AppendControlTextAfterParagraphText;

    public static void main(String[] paths) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String path : paths) {
            String result;
            try {
                result = read(HWPXReader.fromFilepath(path));
            } catch (Throwable error) {
                result = "\"error\": " + quoted(error.toString());
            }
            out.println("{\"path\": " + quoted(path) + ", " + result + "}");
        }
    }

    private static String read(HWPXFile file) throws Exception {
        StringJoiner paragraphs = new StringJoiner(", ", "[", "]");
        for (int section = 0; section < file.sectionXMLFileList().count(); section++) {
            var found = ObjectFinder.find(
                file.sectionXMLFileList().get(section), (it, parents) -> it._objectType() == ObjectType.hp_p, false);
            for (ObjectFinder.Result result : found) {
                paragraphs.add(quoted(text((Para) result.thisObject())));
            }
        }
        String whole = TextExtractor.extract(file, METHOD, false, MARKS);
        return "\"paragraphs\": " + paragraphs + ", \"text\": " + quoted(whole);
    }

    /** A paragraph's own words, without those of tables and boxes in it. */
    private static String text(Para paragraph) throws Exception {
        StringBuilder text = new StringBuilder();
        for (Run run : paragraph.runs()) {
            for (RunItem item : run.runItems()) {
                if (item._objectType() == ObjectType.hp_t) {
                    text.append(TextExtractor.extractFrom(item, METHOD, MARKS));
                }
            }
        }
        return text.toString();
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            boolean plain = letter >= ' ' && letter != '"' && letter != '\\' && !Character.isSurrogate(letter);
            json.append(plain ? String.valueOf(letter) : String.format("\\u%04x", (int) letter));
        }
        return json.append('"').toString();
    }
}
